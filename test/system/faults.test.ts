import { execFile } from 'node:child_process'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { createApiKey } from '../../lib/index.ts'
import { RedisKeyStore } from '../../lib/stores/redis/store.ts'
import { listening, start } from '../support/demo-server.ts'
import { makeTemporaryFolder } from '../support/files.ts'
import { until } from '../support/until.ts'
import { makeKey, pickOf } from '../support/keys.ts'
import { Load, type Outage } from '../support/load.ts'
import { backUp } from '../support/redis-backup.ts'
import { logOf } from '../support/server-log.ts'
import { statusOf } from '../support/status.ts'
import type { Program } from '../support/process.ts'
import { freePorts, RedisServer, skip } from '../support/redis.ts'

const run = promisify(execFile)
const PERSISTENT = ['--appendonly', 'yes', '--appendfsync', 'always']
const KEYS = '{dbgpt-auth}:keys'
const PASSWORD = 'the-password'
/** What docs/scaling.md lists for who only reads, and for who writes. */
const READER = ['~{dbgpt-auth}:*', '+eval', '+xread', '+hscan', '+hmget', '+hlen', '+xrange', '+xrevrange']
const WRITER = [...READER, '+hget', '+hset', '+hsetnx', '+hdel', '+xadd']
/** How late a busy machine may make what is bounded. */
const MARGIN_MS = 1000

interface Setup {
  /** More options of the Redis. */
  readonly options?: readonly string[]
  /** What is done before the servers start. */
  readonly before?: (redis: RedisServer) => Promise<unknown>
  readonly urlOf?: (redis: RedisServer) => string
  readonly env?: Readonly<Record<string, string>>
}

interface Fleet {
  readonly redis: RedisServer
  /** Works as the default user, over connections that are not kept. */
  readonly store: RedisKeyStore
  readonly load: Load
  /** Revokes a key that all servers then refuse. */
  readonly revoke: (store?: RedisKeyStore) => Promise<void>
  /** Waits until all servers have logged so many lines. */
  readonly logged: (count: number) => Promise<unknown>
  /** Ends everything, and checks what clients and logs saw of the outages. */
  readonly check: (outages: readonly Outage[], code?: string) => Promise<void>
}

t.test('under load', { skip }, async t => {
  /** Starts a Redis with a list of keys, and two servers under load. */
  const prepare = async (t: Test, setup: Setup = {}): Promise<Fleet> => {
    const { options = [], before, urlOf = ({ url }) => url, env = {} } = setup
    const redis = await RedisServer.start(t, [...PERSISTENT, ...options])
    const store = new RedisKeyStore({ url: redis.url })
    const [good, doomed] = [Array.from({ length: 50 }, makeKey), Array.from({ length: 5 }, makeKey)]
    const revoked: string[] = []
    await store.addAll([...good, ...doomed].map(text => createApiKey(text)))
    await before?.(redis)
    const all = { ...env, API_KEYS_REDIS_URL: urlOf(redis), PORT: '0', NODE_ENV: 'production' }
    const servers = [start(t, all), start(t, all)]
    const urls = await Promise.all(servers.map(listening))

    const revoke = async (by = store): Promise<void> => {
      const text = doomed.pop() as string
      t.ok(await by.revoke(createApiKey(text).id))
      for (const url of urls) t.ok(await until(async () => await statusOf(url, text, new Agent()) === 401) < MARGIN_MS)
      revoked.push(text)
    }
    await revoke()
    const load = new Load(t, urls, { good: () => pickOf(good), revoked: () => pickOf(revoked) })
    await load.more(20)
    const text = makeKey()
    await store.add(createApiKey(text))
    for (const url of urls) await until(async () => await statusOf(url, text, new Agent()) === 200)
    good.push(text)

    const check = async (outages: readonly Outage[], code = 'FST_DBGPT_AUTH_REDIS'): Promise<void> => {
      await load.stop()
      t.same(load.wrong(outages), [])
      const lost = { level: 50, msg: 'The key feed is lost', err: { code } }
      const back = { level: 30, msg: /^The key feed is back after \d+ ms$/ }
      for (const server of servers) await checkLog(t, server, outages.flatMap(() => [lost, back]))
      t.ok(load.losses().every(count => count <= outages.length), 'nothing else was lost')
      for (const { from, noticed, repaired, back } of outages) {
        if (noticed < Infinity) t.comment(`noticed after ${Math.round(noticed - from)} ms`)
        t.comment(`over ${Math.round(back - repaired)} ms after the repair began`)
        t.ok(back - repaired < 1000 + MARGIN_MS)
      }
      t.comment(load.counts())
    }
    const logged = async (count: number): Promise<unknown> =>
      await until(() => servers.every(server => logOf(server).length === count))
    return { redis, store, load, revoke, logged, check }
  }

  t.test('Redis is killed, and starts again', async t => {
    const { redis, load, revoke, check } = await prepare(t)
    await revoke()
    const outage = await load.outage(async () => await redis.kill(), async () => await redis.run())
    t.ok(outage.noticed - outage.from < MARGIN_MS)
    t.ok(load.losses().every(count => count === 1))
    await revoke()
    await check([outage])
  })

  t.test('Redis hangs for 10 seconds', async t => {
    const { redis, load, revoke, check } = await prepare(t)
    const outage = await load.outage(() => redis.signal('SIGSTOP'), () => redis.signal('SIGCONT'), 10_000)
    t.ok(outage.noticed - outage.from < 1500 + MARGIN_MS)
    t.ok(load.losses().every(count => count === 1))
    await revoke()
    await check([outage])
  })

  t.test('connections are killed, five times', async t => {
    const { redis, load, revoke, logged, check } = await prepare(t)
    const outages: Outage[] = []
    for (let count = 1; count <= 5; count++) {
      const from = performance.now()
      await redis.send('CLIENT', 'KILL', 'TYPE', 'normal')
      await logged(2 * count)
      // Too short for all to hear of it: 401 and 503 are both right until it is over.
      outages.push({ from, noticed: Infinity, repaired: from, back: performance.now() })
      await load.more(5)
    }
    await revoke()
    await check(outages)
  })

  t.test('the list is gone, and is restored', async t => {
    const { redis, load, revoke, check } = await prepare(t)
    const restore = await backUp(redis)
    const outage = await load.outage(async () => await redis.send('FLUSHALL'), restore)
    t.ok(outage.noticed - outage.from < 500 + MARGIN_MS)
    t.ok(load.losses().every(count => count === 1))
    await revoke()
    await check([outage], 'FST_DBGPT_AUTH_REDIS_EMPTY')
  })

  t.test('its memory is full: keys are revoked and not added, and requests notice nothing', async t => {
    const { redis, store, load, revoke, check } = await prepare(t)
    const before = [await redis.send('HLEN', KEYS), await redis.send('XLEN', '{dbgpt-auth}:changes')]
    await redis.send('CONFIG', 'SET', 'maxmemory', '1')
    const records = [makeKey(), makeKey()].map(text => createApiKey(text))
    await t.rejects(store.addAll(records), { code: 'FST_DBGPT_AUTH_REDIS', message: /memory is full, nothing was changed/ })
    t.same([await redis.send('HLEN', KEYS), await redis.send('XLEN', '{dbgpt-auth}:changes')], before)
    await revoke()
    await load.more(100)
    await redis.send('CONFIG', 'SET', 'maxmemory', '0')
    t.equal(await store.addAll(records), 2)
    await check([])
  })

  t.test('something else is stored in the place of the keys, until they are restored', async t => {
    const { redis, store, load, revoke, check } = await prepare(t)
    await redis.send('COPY', KEYS, 'copy')
    const outage = await load.outage(async () => await redis.send('SET', KEYS, 'text'), async () => {
      const wrong = { code: 'FST_DBGPT_AUTH_REDIS', message: /something else is stored under the prefix/ }
      await t.rejects(store.add(createApiKey(makeKey())), wrong)
      await t.rejects(store.revoke('0123456789abcdef'), wrong)
      await redis.send('RENAME', 'copy', KEYS)
    })
    t.ok(outage.noticed - outage.from < 500 + MARGIN_MS)
    t.ok(load.losses().every(count => count === 1))
    await revoke()
    await check([outage])
  })

  t.test('users may do what they must and no more, until one may do nothing', async t => {
    const urlOf = (name: string) => ({ port }: RedisServer) => `redis://${name}:${PASSWORD}@127.0.0.1:${port}`
    const { redis, load, revoke, check } = await prepare(t, {
      before: async redis => {
        await redis.send('ACL', 'SETUSER', 'reader', 'on', `>${PASSWORD}`, ...READER)
        await redis.send('ACL', 'SETUSER', 'writer', 'on', `>${PASSWORD}`, ...WRITER)
      },
      urlOf: urlOf('reader')
    })
    const writer = new RedisKeyStore({ url: urlOf('writer')(redis) })
    const record = createApiKey(makeKey())
    await writer.add(record)
    t.ok(await writer.expire(record.id, new Date(2e12)))
    t.equal((await writer.list()).length, 56)
    await revoke(writer)
    await load.more(20)
    t.same(await redis.send('ACL', 'LOG'), [])
    const reader = new RedisKeyStore({ url: urlOf('reader')(redis) })
    await t.rejects(reader.revoke(record.id), { code: 'FST_DBGPT_AUTH_REDIS', message: /may not do all that docs/ })

    const outage = await load.outage(async () => {
      await redis.send('ACL', 'SETUSER', 'reader', 'off')
      await redis.send('CLIENT', 'KILL', 'USER', 'reader')
    }, async () => await redis.send('ACL', 'SETUSER', 'reader', 'on'))
    await check([outage])
  })

  t.test('Redis is spoken to over TLS, and is killed', async t => {
    const folder = await makeTemporaryFolder(t)
    const openssl = async (args: string): Promise<unknown> => await run('openssl', args.split(' '), { cwd: folder })
    const key = 'req -x509 -days 2 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1'
    await openssl(`${key} -subj /CN=test -keyout ca.key -out ca.pem`)
    await openssl(`${key} -subj /CN=redis -addext subjectAltName=IP:127.0.0.1 -CA ca.pem -CAkey ca.key -keyout key.pem -out cert.pem`)
    const [port] = await freePorts(1) as [number]
    const urlOf = (): string => `rediss://127.0.0.1:${port}`
    const { redis, load, revoke, check } = await prepare(t, {
      options: [
        '--tls-port', String(port), '--tls-auth-clients', 'no', '--tls-ca-cert-file', join(folder, 'ca.pem'),
        '--tls-cert-file', join(folder, 'cert.pem'), '--tls-key-file', join(folder, 'key.pem')
      ],
      urlOf,
      env: { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') }
    })
    const stranger = start(t, { API_KEYS_REDIS_URL: urlOf(), PORT: '0' })
    t.match(await stranger.exit, { code: 1 })
    t.match(stranger.output.stderr, /^Cannot start: FST_DBGPT_AUTH_REDIS: Redis at 127.0.0.1:\d+ cannot be used: .*\n$/)
    const outage = await load.outage(async () => await redis.kill(), async () => await redis.run())
    await revoke()
    await check([outage])
  })
})

async function checkLog (t: Test, server: Program, lines: readonly object[]): Promise<void> {
  t.match(logOf(server), lines)
  t.equal(logOf(server).length, lines.length)
  t.notOk(/rediss?:/.test(server.output.stderr) || server.output.stderr.includes(PASSWORD), 'no secret is in the log')
  server.kill('SIGTERM')
  t.match(await server.exit, { code: 0 })
}
