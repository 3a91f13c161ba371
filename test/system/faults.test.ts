import t from 'tap'
import { createApiKey } from '../../lib/index.ts'
import { RedisKeyStore } from '../../lib/stores/redis/store.ts'
import { Certificates } from '../support/certificates.ts'
import { start } from '../support/demo-server.ts'
import { Fleet, KEYS_IN_LIST } from '../support/fleet.ts'
import { makeKey } from '../support/keys.ts'
import type { Outage } from '../support/load.ts'
import { freePorts, type RedisServer, skip } from '../support/redis.ts'
import { backUp } from '../support/redis-backup.ts'

const KEYS = '{dbgpt-auth}:keys'
const CHANGES = '{dbgpt-auth}:changes'
const PASSWORD = 'the-password'
/** What docs/scaling.md lists for who only reads, and for who writes. */
const READER = ['~{dbgpt-auth}:*', '+eval', '+xread', '+hscan', '+hmget', '+hlen', '+xrange', '+xrevrange']
const WRITER = [...READER, '+hget', '+hset', '+hsetnx', '+hdel', '+xadd']
/** Longer than an answer, and than a new connection, are waited for. */
const HANG_MS = 6000

// One fleet meets one fault after the other, as fleets do; each test begins and ends with the list in force.
t.test('under load', { skip }, async t => {
  const fleet = await Fleet.start(t)
  const { redis, store, load } = fleet

  t.test('Redis is killed, and starts again', async t => {
    await fleet.revoke(t)
    const outage = await load.outage(async () => await redis.kill(), async () => await redis.run())
    await fleet.revoke(t)
    await fleet.check(t, [outage])
  })

  t.test('Redis hangs for some seconds', async t => {
    const outage = await load.outage(() => redis.signal('SIGSTOP'), () => redis.signal('SIGCONT'), HANG_MS)
    await fleet.revoke(t)
    await fleet.check(t, [outage])
  })

  t.test('connections are killed, three times', async t => {
    const outages: Outage[] = []
    for (let count = 1; count <= 3; count++) {
      const from = performance.now()
      await redis.send('CLIENT', 'KILL', 'TYPE', 'normal')
      await fleet.logged(2 * count)
      // Too short for all to hear of it: 401 and 503 are both right until it is over.
      outages.push({ from, noticed: Infinity, repaired: from, back: performance.now() })
      await load.more(5)
    }
    await fleet.revoke(t)
    await fleet.check(t, outages)
  })

  t.test('the list is gone, and is restored', async t => {
    const outage = await load.outage(async () => await redis.send('FLUSHALL'), await backUp(redis))
    await fleet.revoke(t)
    await fleet.check(t, [outage], 'FST_DBGPT_AUTH_REDIS_EMPTY')
  })

  t.test('its memory is full: keys are revoked and not added, and requests notice nothing', async t => {
    const before = [await redis.send('HLEN', KEYS), await redis.send('XLEN', CHANGES)]
    await redis.send('CONFIG', 'SET', 'maxmemory', '1')
    const records = [makeKey(), makeKey()].map(text => createApiKey(text))
    await t.rejects(store.addAll(records), { code: 'FST_DBGPT_AUTH_REDIS', message: /memory is full, nothing was changed/ })
    t.same([await redis.send('HLEN', KEYS), await redis.send('XLEN', CHANGES)], before)
    await fleet.revoke(t)
    await load.more(100)
    await redis.send('CONFIG', 'SET', 'maxmemory', '0')
    t.equal(await store.addAll(records), 2)
    await fleet.check(t, [])
  })

  t.test('something else is stored in the place of the keys, until they are restored', async t => {
    await redis.send('COPY', KEYS, 'copy')
    const outage = await load.outage(async () => await redis.send('SET', KEYS, 'text'), async () => {
      const wrong = { code: 'FST_DBGPT_AUTH_REDIS', message: /something else is stored under the prefix/ }
      await t.rejects(store.add(createApiKey(makeKey())), wrong)
      await t.rejects(store.revoke('0123456789abcdef'), wrong)
      await redis.send('RENAME', 'copy', KEYS)
    })
    await fleet.revoke(t)
    await fleet.check(t, [outage])
  })

  t.test('each server ends as it should', async t => await fleet.end(t))
})

t.test('under load, users may do what they must and no more, until one may do nothing', { skip }, async t => {
  const urlOf = (name: string) => ({ port }: RedisServer) => `redis://${name}:${PASSWORD}@127.0.0.1:${port}`
  const fleet = await Fleet.start(t, {
    before: async redis => {
      await redis.send('ACL', 'SETUSER', 'reader', 'on', `>${PASSWORD}`, ...READER)
      await redis.send('ACL', 'SETUSER', 'writer', 'on', `>${PASSWORD}`, ...WRITER)
    },
    urlOf: urlOf('reader')
  })
  const { redis, load } = fleet
  const writer = new RedisKeyStore({ url: urlOf('writer')(redis) })
  const record = createApiKey(makeKey())
  await writer.add(record)
  t.ok(await writer.expire(record.id, new Date(2e12)))
  t.equal((await writer.list()).length, KEYS_IN_LIST + 1)
  await fleet.revoke(t, writer)
  await load.more(20)
  t.same(await redis.send('ACL', 'LOG'), [], 'nothing was refused')
  const reader = new RedisKeyStore({ url: urlOf('reader')(redis) })
  await t.rejects(reader.revoke(record.id), { code: 'FST_DBGPT_AUTH_REDIS', message: /may not do all that docs/ })

  const outage = await load.outage(async () => {
    await redis.send('ACL', 'SETUSER', 'reader', 'off')
    await redis.send('CLIENT', 'KILL', 'USER', 'reader')
  }, async () => await redis.send('ACL', 'SETUSER', 'reader', 'on'))
  await fleet.check(t, [outage])
  await fleet.end(t, PASSWORD)
})

t.test('under load, Redis is spoken to over TLS, and is killed', { skip }, async t => {
  const certificates = await Certificates.make(t)
  const [port] = await freePorts(1) as [number]
  const urlOf = (): string => `rediss://127.0.0.1:${port}`
  const fleet = await Fleet.start(t, {
    options: await certificates.optionsFor(port),
    urlOf,
    env: { NODE_EXTRA_CA_CERTS: certificates.ca }
  })
  const stranger = start(t, { API_KEYS_REDIS_URL: urlOf(), PORT: '0' })
  t.match(await stranger.exit, { code: 1 })
  const said = /^Cannot start: FST_DBGPT_AUTH_REDIS: Redis at 127.0.0.1:\d+ cannot be used: its certificate is .*\n$/
  t.match(stranger.output.stderr, said)
  const { redis, load } = fleet
  const outage = await load.outage(async () => await redis.kill(), async () => await redis.run())
  await fleet.revoke(t)
  await fleet.check(t, [outage])
  await fleet.end(t)
})
