import t from 'tap'
import { createApiKey } from 'fastify-dbgpt-auth'
import { bearer, KEY, type LogLine } from '../../test/support/app.ts'
import { startGateway } from './support/gateway.ts'

t.test('each line of a request has the key\'s id and name, from the check on', async t => {
  const lines: LogLine[] = []
  const stream = { write: (line: string) => { lines.push(JSON.parse(line)) } }
  const { app } = await startGateway(t, { logger: { level: 'info', stream } })
  const ofKey = { keyId: createApiKey(KEY).id, keyName: 'Zhāng 三' }
  for (const [headers, expected] of [[bearer(), ofKey], [{}, {}]] as const) {
    lines.length = 0
    const { statusCode } = await app.inject({ url: '/v1/models', headers })
    t.match(lines, [{ msg: 'incoming request', keyId: undefined }, {}], `${statusCode}`)
    t.match(lines.at(-1), { msg: 'request completed', keyId: undefined, keyName: undefined, ...expected }, `${statusCode}`)
  }
})
