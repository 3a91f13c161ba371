import t, { type Test } from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import type { Script } from '../../../lib/stores/redis/layout.ts'
import { RedisKeyStore } from '../../../lib/stores/redis/store.ts'
import { UsageHash } from '../../../lib/stores/redis/usage-hash.ts'
import { layoutOf } from '../../../lib/stores/redis/layout.ts'
import { Writer } from '../../../lib/stores/redis/writer.ts'
import { clientOf } from '../../../lib/stores/redis/create-client.ts'
import type { Tallies } from '../../../lib/stores/tally.ts'
import { KEY, OTHER_KEY, rejection } from '../../support/app.ts'
import { makeLog } from '../../support/log.ts'
import { RedisServer, skip } from '../../support/redis.ts'

const DAY_MS = 86_400_000
const A = createApiKey(KEY)
const B = createApiKey(OTHER_KEY)
let count = 0

interface Place {
  readonly writer: Writer
  /** The name of the hash. */
  readonly name: string
  readonly prefix: string
  readonly fields: () => Promise<string[]>
}

function usesOf (counts: Record<string, number>, lastUsedAt = Date.now()): Tallies {
  return new Map(Object.entries(counts).map(([id, count]) => [id, { count, lastUsedAt }]))
}

t.test('with a Redis', { skip }, async t => {
  const server = await RedisServer.start(t)
  const { url } = server

  /** A list of its own that holds A and B, and what runs scripts for its usage. */
  const setUp = async (t: Test): Promise<Place> => {
    const prefix = `usage-${++count}`
    await new RedisKeyStore({ url, prefix }).addAll([A, B])
    const layout = layoutOf(prefix)
    const writer = new Writer({ createClient: clientOf(url), layout, waitReplicas: 0, keep: () => true, onChange: () => {} })
    t.teardown(async () => await writer.close())
    return { writer, name: layout.usage, prefix, fields: async () => await server.send('HKEYS', layout.usage) as string[] }
  }

  t.test('all instances add to one hash, by the clock of Redis', async t => {
    const { writer, name } = await setUp(t)
    const [one, two] = [new UsageHash(writer, name), new UsageHash(writer, name)]
    const before = Date.now()
    await one.add(usesOf({ [A.id]: 2, [B.id]: 1 }, before - 5000))
    await two.add(usesOf({ [A.id]: 3 }, before + 5000))
    await one.add(usesOf({ [A.id]: 5 }, before - 60_000))
    const read = await one.read([A.id, B.id, 'cc'])
    t.match([...read], [[A.id, { count: 10 }], [B.id, { count: 1 }]])
    const [a, b] = [read.get(A.id)?.lastUsedAt ?? 0, read.get(B.id)?.lastUsedAt ?? 0]
    t.ok(a >= before && a <= Date.now(), 'a use that is yet to come was just now, and an earlier one changes nothing')
    t.ok(b >= before - 5001 && b < a)
  })

  t.test('keys by the thousand take a script for each 500, and are one HSET in it', async t => {
    const { writer, name } = await setUp(t)
    const ids = Array.from({ length: 1200 }, (_, index) => index.toString(16).padStart(16, '0'))
    const usage = new UsageHash(writer, name)
    await server.send('CONFIG', 'RESETSTAT')
    await usage.add(usesOf(Object.fromEntries(ids.map(id => [id, 1]))))
    const stats = String(await server.send('INFO', 'commandstats'))
    t.match(stats, /cmdstat_hset:calls=3,/)
    t.match(stats, /cmdstat_eval:calls=3,/)
    t.equal((await usage.read(ids)).size, 1200)
  })

  t.test('a batch whose confirmation was lost is not added twice, nor those before it', async t => {
    const { writer, name } = await setUp(t)
    let lose: number | undefined
    const run = async (script: Script, args: string[]): Promise<unknown> => {
      const answer = await writer.run(script, args)
      if (lose !== undefined && lose-- === 0) throw new Error('no answer')
      return answer
    }
    const usage = new UsageHash({ run: run as Writer['run'] }, name)
    const ids = Array.from({ length: 600 }, (_, index) => index.toString(16).padStart(16, '0'))
    const uses = usesOf(Object.fromEntries(ids.map(id => [id, 1])))
    for (lose of [0, 1, 0]) await t.rejects(usage.add(uses), /no answer/)
    lose = undefined
    await usage.add(uses)
    t.ok([...(await usage.read(ids)).values()].every(tally => tally.count === 1))
    await usage.add(uses)
    t.ok([...(await usage.read(ids)).values()].every(tally => tally.count === 2))
  })

  t.test('what is a day old and of no key goes by and by, and so does what instances have left', async t => {
    const { writer, name, fields } = await setUp(t)
    const old = `1 ${Date.now() - 2 * DAY_MS}`
    const gone = Array.from({ length: 600 }, (_, index) => `00000000${index.toString(16).padStart(8, '0')}`)
    await server.send('HSET', name, ...gone.flatMap(id => [id, old]), '#another', old, A.id, old, 'odd', 'x', 'ffffffffffffffff', `1 ${Date.now()}`)
    const usage = new UsageHash(writer, name)
    let rounds = 0
    while ((await fields()).length > 3 && rounds++ < 50) await usage.add(usesOf({ [A.id]: 1 }))
    const [mine] = (await fields()).filter(field => field.startsWith('#'))
    t.ok(rounds > 1, 'not in one go')
    t.match(mine, /^#[\da-f-]{36}$/)
    t.same(new Set(await fields()), new Set([A.id, mine, 'ffffffffffffffff']))
    t.match((await usage.read([A.id])).get(A.id), { count: rounds + 1 })
  })

  t.test('an instance that may not write is told what it takes, once, and goes on; as soon as it may, nothing was lost', async t => {
    const { name, prefix } = await setUp(t)
    const reader = [`~{${prefix}}:*`, '+eval', '+xread', '+xrange', '+xrevrange', '+hscan', '+hmget', '+hlen']
    await server.send('ACL', 'SETUSER', 'reader', 'on', '>password', ...reader)
    const store = new RedisKeyStore({ url: url.replace('//', '//reader:password@'), prefix, usageIntervalMs: 2 ** 31 - 1 })
    const { log, lines } = makeLog()
    for (let times = 0; times < 2; times++) {
      await store.open(log)
      store.countUse(A)
      await store.close()
    }
    t.match((await store.usage([A])).get(A.id), { count: 2 })
    t.match(lines.filter(({ level }) => level !== 'info'), [{ level: 'warn', fields: { err: { code: 'FST_DBGPT_AUTH_REDIS' } } }])
    t.equal(lines.length, 1)
    t.ok(lines[0]?.fields.err?.message.endsWith(`give it these rights; for usage: (~${name} +hset +hdel +time)`))
    await server.send('ACL', 'SETUSER', 'reader', `(~${name} +hset +hdel +time)`)
    await store.open(log)
    await store.close()
    t.match((await new RedisKeyStore({ url, prefix }).usage()).get(A.id), { count: 2 })
    t.equal(lines.length, 2, 'and that it is written again')
  })

  t.test('something else in its place is an error', async t => {
    const { writer, name } = await setUp(t)
    await server.send('SET', name, 'x')
    const usage = new UsageHash(writer, name)
    t.match(await rejection(usage.add(usesOf({ [A.id]: 1 }))), { code: 'FST_DBGPT_AUTH_REDIS', message: /WRONGTYPE/ })
    t.match(await rejection(usage.read([A.id])), { code: 'FST_DBGPT_AUTH_REDIS', message: /WRONGTYPE/ })
  })

  t.test('closing a store writes what was counted, and a key that is revoked is not told of', async t => {
    const { prefix } = await setUp(t)
    const store = new RedisKeyStore({ url, prefix })
    await store.open()
    store.countUse(A)
    store.countUse(B)
    await store.close()
    const other = new RedisKeyStore({ url, prefix })
    t.same([...(await other.usage()).values()].map(tally => tally.count), [1, 1])
    await other.revoke(B.id)
    t.same([...(await other.usage()).keys()], [A.id])
  })
})
