import t from 'tap'
import Fastify from 'fastify'
import dbgptAuth, { type ApiKey, createApiKey, type KeyStore, MemoryKeyStore } from '../../lib/index.ts'
import { logChanges } from '../../lib/stores/change-log.ts'
import { harness, KEY, MARKER, OTHER_KEY } from '../support/app.ts'
import { moveClock } from '../support/clock.ts'
import { until } from '../support/until.ts'

const MINUTE_MS = 60_000
const record = createApiKey({ key: KEY, name: 'web' })
const other = createApiKey({ key: OTHER_KEY, expiresAt: new Date(Date.now() + 30_000) })

/** Makes the timers of a minute to be fired by hand, until the end of the test. */
function holdMinutes (t: { teardown: (undo: () => void) => void }): () => void {
  const { setInterval } = globalThis
  const held: (() => void)[] = []
  globalThis.setInterval = Object.assign((callback: () => void, ms?: number) => {
    if (ms === MINUTE_MS) held.push(callback)
    return setInterval(callback, ms)
  }, setInterval) as typeof setInterval
  t.teardown(() => { globalThis.setInterval = setInterval })
  return () => { for (const callback of held) callback() }
}

t.test('each change of the keys is a line that names them', async t => {
  const { app, guard, log } = harness(t)
  const store = new MemoryKeyStore([record])
  await guard({ keys: store })
  await store.add(other, { actor: 'ann' })
  await store.expire(other.id, new Date(2e12))
  await store.revoke(record.id, { actor: 'bob' })
  store.replace([record])
  store.replace([record])
  const lines = log().filter(line => line.msg.startsWith('API keys: '))
  const [web, unnamed] = [{ id: record.id, name: 'web' }, { id: other.id }]
  t.match(lines, [
    { level: 30, msg: 'API keys: 1 added', added: { count: 1, keys: [{ ...unnamed, actor: 'ann' }] }, keys: 2 },
    { msg: 'API keys: 1 changed', changed: { count: 1, keys: [{ ...unnamed, actor: /@/ }] }, keys: 2 },
    { msg: 'API keys: 1 revoked', revoked: { count: 1, keys: [{ ...web, actor: 'bob' }] }, keys: 1 },
    { msg: 'API keys: 1 added, 1 revoked', added: { keys: [web] }, revoked: { keys: [unnamed] }, keys: 1 }
  ])
  t.equal(lines.length, 4)
  await app.close()
  await store.revoke(record.id)
  t.equal(log().filter(line => line.msg.startsWith('API keys: ')).length, 4, 'a closed app logs no more')
})

t.test('many changes at once are counted, and some of them named', async t => {
  const { guard, log } = harness(t)
  const store = new MemoryKeyStore()
  await guard({ keys: store })
  await store.addAll(Array.from({ length: 1000 }, (_, index) => createApiKey(`${MARKER}-${index}-0123456789abcdef`)))
  const { msg, added } = log().at(-1) as unknown as { msg: string, added: { count: number, keys: unknown[] } }
  t.equal(msg, 'API keys: 1000 added')
  t.equal(added.count, 1000)
  t.equal(added.keys.length, 20)
})

t.test('keys that have expired since the last look are told once', async t => {
  const minute = holdMinutes(t)
  const move = moveClock(t)
  const { guard, log } = harness(t)
  await guard({ keys: new MemoryKeyStore([record, other, createApiKey({ key: `${KEY}x`, expiresAt: new Date(0) })]) })
  const told = (): unknown[] => log().filter(line => line.expired !== undefined)
  for (const passed of [0, MINUTE_MS, MINUTE_MS]) {
    move(passed)
    minute()
  }
  await until(() => told().length > 0)
  t.match(told(), [{ msg: 'API keys: 1 expired', expired: { count: 1, keys: [{ id: other.id }] }, keys: 3 }])
  t.equal(told().length, 1)
})

t.test('a store that tells nothing is asked for nothing, and one whose list fails does no harm', async t => {
  const minute = holdMinutes(t)
  const silent: KeyStore & { list: () => Promise<ApiKey[]> } = { find: () => null, list: async () => t.fail('it was asked') as never }
  const failing = { find: () => null, onChange: () => () => {}, list: async () => { throw new Error('down') } }
  const unlisted = { find: () => null, onChange: () => () => {} }
  const ends = [silent, failing, unlisted].map(store => logChanges(store, Fastify().log))
  minute()
  for (const end of ends) end()
  const app = Fastify()
  t.teardown(async () => await app.close())
  await app.register(dbgptAuth, { keys: unlisted, env: {} })
  t.equal((await app.inject('/')).statusCode, 401)
})

t.test('several listeners are told, each until it has had enough', async t => {
  const store = new MemoryKeyStore()
  const told: string[] = []
  const ends = ['one', 'two'].map(name => store.onChange(({ added }) => { told.push(`${name} ${added.length}`) }))
  await store.add(record)
  ends[0]?.()
  await store.add(other)
  t.same(told, ['one 1', 'two 1', 'two 1'])
})

t.test('a listener that throws does no harm to the store or to other listeners, and is heard of', async t => {
  const store = new MemoryKeyStore()
  const later: (() => void)[] = []
  let told = 0
  store.onChange(() => { throw new Error('a fault of the listener') })
  store.onChange(() => { told++ })
  const { nextTick } = process
  process.nextTick = (callback: () => void) => { later.push(callback) }
  const adding = store.add(record)
  process.nextTick = nextTick
  await adding
  t.equal(told, 1)
  t.equal(store.size, 1)
  t.throws(() => { for (const callback of later) callback() }, { message: 'a fault of the listener' })
})

t.test('an application\'s own store may answer at once, or return nothing to end its telling', async t => {
  const minute = holdMinutes(t)
  for (const list of [() => [], () => { throw new Error('down') }, 7]) {
    let closed = false
    const app = Fastify()
    const store = { find: () => null, list, onChange: () => undefined, close: async () => { closed = true } }
    await app.register(dbgptAuth, { keys: store as unknown as KeyStore, env: {} })
    minute()
    await app.close()
    t.equal(closed, true)
  }
})
