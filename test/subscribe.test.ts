import t from 'tap'
import { type ApiKeyEvent, createApiKey, subscribeApiKeys } from '../lib/index.ts'
import { bearer, harness, KEY } from './support/app.ts'

t.test('a subscription hears of requests until it is ended', async t => {
  const { app, guard } = harness(t)
  await guard()
  app.get('/', () => 'ok')
  const events: ApiKeyEvent[] = []
  const ends = (['accepted', 'rejected'] as const).map(name => subscribeApiKeys(name, event => { events.push(event) }))
  await app.inject({ url: '/', headers: bearer() })
  await app.inject('/')
  for (const end of ends) end()
  await app.inject('/')
  t.same(events.map(({ apiKey, reason }) => [apiKey?.id, reason]), [[createApiKey(KEY).id, null], [undefined, 'missing']])
})

t.test('there are two channels, and no others', async t => {
  for (const name of ['typo', 'dbgpt-auth:accepted', '']) t.throws(() => subscribeApiKeys(name as 'accepted', () => {}), TypeError)
})
