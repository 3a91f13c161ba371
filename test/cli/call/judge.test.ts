import t from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import { judgeKey } from '../../../lib/cli/call/judge.ts'
import type { KeyStore } from '../../../lib/types.ts'
import { KEY, WRONG_KEY } from '../../support/app.ts'

t.test('a store that fails when it is asked says nothing of the key', async t => {
  const cause = new Error('it is gone')
  const store: KeyStore = { find: () => { throw cause } }
  t.match(await judgeKey(KEY, store), { verdict: 'unavailable', cause })
})

t.test('a store of any kind is opened, asked and closed', async t => {
  const calls: string[] = []
  const key = createApiKey(KEY)
  const store: KeyStore = {
    find: digest => digest === key.digest ? key : null,
    async open () { calls.push('open') },
    async close () { calls.push('close') }
  }
  t.match(await judgeKey(KEY, store), { verdict: 'good', id: key.id, key })
  t.match(await judgeKey(WRONG_KEY, store), { verdict: 'unknown' })
  t.same(calls, ['open', 'close', 'open', 'close'])
})
