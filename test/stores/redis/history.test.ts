import t from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import { layoutOf } from '../../../lib/stores/redis/layout.ts'
import { RedisKeyStore } from '../../../lib/stores/redis/store.ts'
import { harness, KEY, MARKER, OTHER_KEY } from '../../support/app.ts'
import { RedisServer, skip } from '../../support/redis.ts'
import { until } from '../../support/until.ts'

const record = createApiKey({ key: KEY, name: 'web "\u{1f600}/\\', metadata: { plan: 'gold' } })
const other = createApiKey(OTHER_KEY)
let count = 0

/** Who makes a change, and what is warned of. */
function by (actor: string, warnings: string[] = []): { actor: string, warn: (message: string) => void } {
  return { actor, warn: message => { warnings.push(message) } }
}

t.test('with a Redis', { skip }, async t => {
  const server = await RedisServer.start(t)
  const make = (user = ''): { store: RedisKeyStore, layout: ReturnType<typeof layoutOf> } => {
    const prefix = `test-${count}`
    return { store: new RedisKeyStore({ url: server.url.replace('//', `//${user}`), prefix }), layout: layoutOf(prefix) }
  }
  const fresh = (): ReturnType<typeof make> => {
    count++
    return make()
  }
  const told = async (store: RedisKeyStore): Promise<string[]> =>
    (await store.history()).map(({ actor, action, keys }) => `${actor} ${action} ${keys.length}`)

  t.test('an entry has who, what, and the names that keys had, by the clock of Redis; no digest, text or metadata', async t => {
    const { store, layout } = fresh()
    await store.add(record, { actor: 'ann' })
    await store.update(record.id, { metadata: { plan: 'free' } }, { actor: 'bob' })
    await store.update(record.id, { name: record.name }, { actor: 'idle' })
    await store.revoke(record.id, { actor: 'cy' })
    const [seconds] = await server.send('TIME') as [string]
    const entries = await store.history()
    const keys = [{ id: record.id, name: record.name }]
    t.same(entries.map(({ at, ...entry }) => entry), [
      { actor: 'ann', action: 'add', keys }, { actor: 'bob', action: 'update', keys, changes: { metadata: {} } }, { actor: 'cy', action: 'revoke', keys }
    ])
    for (const { at } of entries) t.ok(Math.abs(at.getTime() / 1000 - Number(seconds)) < 60)
    const text = JSON.stringify(await server.send('XRANGE', layout.history, '-', '+'))
    for (const secret of [record.digest, MARKER, 'gold', 'free']) t.notOk(text.includes(secret))
  })

  t.test('many keys that are added at once push nothing else out', async t => {
    const { store } = fresh()
    await store.addAll([record, other], { actor: 'first' })
    const many = Array.from({ length: 1100 }, (_, index) => createApiKey({ key: `${KEY}${index}`, name: `client ${index}` }))
    await store.addAll([record, ...many], { actor: 'bulk' })
    t.same(await told(store), ['first add 2', 'bulk add 499', 'bulk add 500', 'bulk add 101'])
    const names = (await store.history()).slice(1).flatMap(({ keys }) => keys.map(({ name }) => name))
    t.same(names, many.map(({ name }) => name))
  })

  t.test('about the last 10,000 are kept, read in pages, and what is none is passed over', async t => {
    const { store, layout } = fresh()
    await store.add(record, { actor: 'first' })
    const fill = `for i = 1, 10500 do
      redis.call('XADD', KEYS[1], '*', 'actor', 'many', 'action', 'update', 'keys', '[{"id":"' .. i .. '"}]', 'changes', '{}')
    end`
    await server.send('EVAL', fill, '1', layout.history)
    for (const fields of [['actor', 'x'], ['actor', 'x', 'action', 'add', 'keys', '[{'], ['actor', 'x', 'action', 'dance', 'keys', '[{"id":"1"}]']]) {
      await server.send('XADD', layout.history, '*', ...fields)
    }
    await store.revoke(record.id, { actor: 'last' })
    const length = Number(await server.send('XLEN', layout.history))
    t.ok(length >= 10_000 && length < 10_200, String(length))
    const entries = await store.history()
    t.match(entries.at(-1), { actor: 'last', action: 'revoke' })
    t.ok(entries.length <= 10_000 && entries.length >= 9997)
    t.same((await store.history({ limit: 3 })).map(({ keys: [key] }) => key?.id), ['10499', '10500', record.id])
    t.same(await store.history({ limit: 0 }), [])
  })

  t.test('where there is neither a list nor a history it is an error, after FLUSHALL as well', async t => {
    const { store, layout } = fresh()
    const empty = { code: 'FST_DBGPT_AUTH_REDIS_EMPTY', message: /holds no list of keys/ }
    await t.rejects(store.history(), empty)
    await store.add(record)
    await server.send('DEL', layout.history)
    t.same(await store.history(), [], 'an older version has made the list')
    await server.send('FLUSHALL')
    await t.rejects(store.history(), empty)
    await store.add(record, { actor: 'ann' })
    await server.send('HSET', layout.meta, 'version', '2')
    await t.rejects(store.history(), { code: 'FST_DBGPT_AUTH_REDIS', message: /of a format that this version does not know/ })
  })

  t.test('where the history cannot be written nothing is changed, but that keys are revoked, with a warning', async t => {
    const { store, layout } = fresh()
    await store.add(record)
    await server.send('RENAME', layout.history, 'kept')
    await server.send('SET', layout.history, 'text')
    const before = await server.send('XLEN', layout.changes)
    const wrong = { code: 'FST_DBGPT_AUTH_REDIS', message: /WRONGTYPE/ }
    await t.rejects(store.add(other), wrong)
    await t.rejects(store.update(record.id, { name: 'x' }), wrong)
    t.equal(await server.send('XLEN', layout.changes), before)
    const warnings: string[] = []
    t.equal(await store.revoke(record.id, by('ann', warnings)), true)
    t.equal(await store.revoke(record.id, by('ann', warnings)), false)
    t.same(await store.list(), [])
    t.same(warnings, [`The key ${record.id} is revoked, which is in no history: ${layout.history} in Redis cannot be written: ` +
      'something else is stored under the prefix (WRONGTYPE): choose another one'])
  })

  t.test('a user without a right to the history changes nothing, but revokes, with a warning in the log of the service', async t => {
    const { store, layout } = fresh()
    await store.add(record)
    const rights = 'eval xread xrange xrevrange hscan hmget hlen hget hset hsetnx hdel xadd'.split(' ').map(name => `+${name}`)
    const names = [layout.keys, layout.changes, layout.meta].map(name => `~${name}`)
    await server.send('ACL', 'SETUSER', 'narrow', 'on', '>word', ...names, ...rights)
    const { store: narrow } = make('narrow:word@')
    const { guard, log } = harness(t)
    await guard({ keys: narrow })
    const refused = { code: 'FST_DBGPT_AUTH_REDIS', message: /its user may not do all that docs\/scaling\.md lists \(NOPERM\)/ }
    await t.rejects(narrow.add(other), refused)
    await t.rejects(narrow.update(record.id, { name: 'x' }), refused)
    await t.rejects(narrow.history(), refused)
    t.equal(await narrow.revoke(record.id), true)
    t.equal(await narrow.revoke(record.id), false)
    t.same(await store.list(), [])
    const warned = { msg: /is revoked, which is in no history: .* \(NOPERM\): give it these rights$/ }
    t.match(log().filter(({ level }) => level === 40), [warned])
    await server.send('ACL', 'SETUSER', 'narrow', 'off')
  })

  t.test('where the memory is full a revocation is recorded, and one of a record that cannot be read has no name', async t => {
    const { store, layout } = fresh()
    await store.addAll([record, other], { actor: 'ann' })
    await server.send('HSET', layout.keys, other.id, '{')
    await server.send('CONFIG', 'SET', 'maxmemory', '1')
    const warnings: string[] = []
    for (const { id } of [record, other]) t.equal(await store.revoke(id, by('bob', warnings)), true)
    await server.send('CONFIG', 'SET', 'maxmemory', '0')
    t.same(warnings, [])
    t.same((await store.history()).map(({ action, keys }) => [action, ...keys.map(({ name }) => name)]), [
      ['add', record.name, undefined], ['revoke', record.name], ['revoke', undefined]
    ])
  })

  t.test('instances log who has changed a key, and that nobody is known where an older version did', async t => {
    const { store, layout } = fresh()
    await store.add(record)
    const { guard, log } = harness(t)
    await guard({ keys: make().store })
    const lines = (): object[] => log().filter(({ msg }) => msg.startsWith('API keys: '))
    await store.add(other, { actor: 'ann' })
    await until(() => lines().length === 1)
    await store.revoke(record.id, { actor: 'bob' })
    await until(() => lines().length === 2)
    const remove = "redis.call('HDEL', KEYS[1], ARGV[1]) redis.call('XADD', KEYS[2], '*', 'id', ARGV[1], 'size', '0')"
    await server.send('EVAL', remove, '2', layout.keys, layout.changes, other.id)
    await until(() => lines().length === 3)
    const keysOf = (line: object): unknown => Object.values(line).find(value => Object(value).count === 1)?.keys
    const [added, removed] = [{ id: other.id }, { id: record.id, name: record.name }]
    t.same(lines().map(keysOf), [[{ ...added, actor: 'ann' }], [{ ...removed, actor: 'bob' }], [added]])
  })
})
