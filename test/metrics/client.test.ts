import { register as globalRegistry } from 'prom-client'
import t from 'tap'
import { loadClient } from '../../lib/metrics/client.ts'

t.test('where the package of the client is not installed, the error says what to install', async t => {
  const missing = loadClient(async () => { throw new Error('Cannot find package') })
  await t.rejects(missing, { code: 'FST_DBGPT_AUTH_METRICS_CLIENT', message: /npm install prom-client/, cause: { message: /Cannot find/ } })
  t.equal((await loadClient()).register, globalRegistry)
})
