import { Agent } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { createApiKey } from '../../lib/index.ts'
import { RedisKeyStore } from '../../lib/stores/redis/store.ts'
import { listening, start } from '../support/demo-server.ts'
import { Client } from '../support/client.ts'
import { runBuiltCommand } from '../support/command.ts'
import { flood } from '../support/flood.ts'
import { makeKey, pickOf } from '../support/keys.ts'
import { Load } from '../support/load.ts'
import { logOf, LOST, newsOf } from '../support/server-log.ts'
import { startSmallServer } from '../support/small-server.ts'
import { statusOf } from '../support/status.ts'
import { until } from '../support/until.ts'
import { RedisServer, skip } from '../support/redis.ts'

const SERVERS = 4
const KEYS = 10_000
const REVOCATIONS = 40
/** How many of them are made by the command: each takes a while to start. */
const COMMANDS = 3
/** How often each client asks while commands are counted. */
const REQUESTS = 150
const HEARTBEAT_MS = 500
const GRACE_MS = 5000
/** How late a busy machine may make what is bounded. */
const LATE_MS = 2000
/** How long a revocation may take to reach all servers; what it takes is measured elsewhere. */
const REVOKED_MS = 10_000
/** One wait for changes and one look, which a script makes with four commands. */
const HEARTBEAT = ['eval', 'hlen', 'hmget', 'xrange', 'xread', 'xrevrange']

t.test('under load, keys of 10,000 are revoked, and each is refused by all of 4 servers', { skip }, async t => {
  const redis = await RedisServer.start(t)
  const store = new RedisKeyStore({ url: redis.url })
  const texts = Array.from({ length: KEYS }, makeKey)
  t.equal(await store.addAll(texts.map(text => createApiKey(text))), KEYS)
  await store.open()
  t.teardown(async () => await store.close())

  const env = { API_KEYS_REDIS_URL: redis.url, PORT: '0', NODE_ENV: 'production' }
  const servers = Array.from({ length: SERVERS }, () => start(t, env))
  const urls = await Promise.all(servers.map(async server => await listening(server)))

  const commands = await watchCommands(redis)
  await pause(4 * HEARTBEAT_MS)
  const quiet = await commands()

  const [doomed, good] = [texts.slice(0, REVOCATIONS), texts.slice(REVOCATIONS)]
  const revoked: string[] = []
  const load = new Load(t, urls, { good: () => pickOf(good), revoked: () => pickOf(revoked) })

  const agents = urls.map(() => new Agent({ keepAlive: true, maxSockets: 1 }))
  const wrong: number[] = []
  /** Asks a server until it refuses a key, and returns when it did. */
  const refusal = async (text: string, index: number): Promise<number> => {
    for (;;) {
      const status = await statusOf(urls[index] as string, text, agents[index] as Agent)
      if (status === 401) return performance.now()
      if (status !== 200) wrong.push(status)
    }
  }
  const [sinceStart, sinceConfirmed]: [number[], number[]] = [[], []]
  for (const [index, text] of doomed.entries()) {
    const { id } = createApiKey(text)
    const refusals = Promise.all(urls.map(async (_, server) => await refusal(text, server)))
    if (index < COMMANDS) {
      await runBuiltCommand('revoke', id, '--store', redis.url)
      await refusals
    } else {
      const begin = performance.now()
      t.ok(await store.revoke(id))
      const confirmed = performance.now()
      const times = await refusals // which can be before this process has the confirmation
      sinceStart.push(...times.map(at => at - begin))
      sinceConfirmed.push(...times.map(at => Math.max(0, at - confirmed)))
    }
    revoked.push(text)
  }
  for (const [name, times] of Object.entries({ 'the start': sinceStart, 'the confirmation': sinceConfirmed })) {
    times.sort((a, b) => a - b)
    const [median, p99] = [0.5, 0.99].map(share => times[Math.floor(times.length * share)] as number) as [number, number]
    t.comment(`refused after ${name}: median ${median.toFixed(1)} ms, 99th percentile ${p99.toFixed(1)} ms`)
    t.ok((times.at(-1) as number) < REVOKED_MS, `each is refused soon after ${name}`)
  }

  const steady = await watchCommands(redis)
  await Promise.all([load.more(REQUESTS), pause(4 * HEARTBEAT_MS)])
  const busy = await steady()
  await load.stop()
  for (const { calls, ms } of [quiet, busy]) {
    t.same(Object.keys(calls).filter(name => !HEARTBEAT.includes(name)), [], 'servers ask for nothing else')
    const most = (SERVERS + 1) * (ms / HEARTBEAT_MS + 1)
    t.ok(Object.values(calls).every(count => count <= most), JSON.stringify({ calls, most }))
  }
  t.comment(`in ${Math.round(quiet.ms)} ms without a request ${JSON.stringify(quiet.calls)}`)
  t.comment(`in ${Math.round(busy.ms)} ms with ${SERVERS * 3 * REQUESTS} requests ${JSON.stringify(busy.calls)}`)

  t.same(load.wrong([]), [])
  t.same(wrong, [])
  t.comment(load.counts())
  for (const [index, server] of servers.entries()) {
    agents[index]?.destroy()
    t.same(logOf(server), [], `the log of server ${index}`)
    server.kill('SIGTERM')
    t.match(await server.exit, { code: 0 })
  }
})

t.test('without Redis, keys pass for the grace period and no longer, however much they are used', { skip }, async t => {
  const redis = await RedisServer.start(t, ['--appendonly', 'yes', '--appendfsync', 'always'])
  const text = makeKey()
  await new RedisKeyStore({ url: redis.url }).add(createApiKey(text))
  const servers = [GRACE_MS, GRACE_MS, 0].map(graceMs => startSmallServer(t, redis.url, graceMs))
  const urls = await Promise.all(servers.map(listening)) as [used: string, unused: string, none: string]
  const [used, none] = [new Client(t, urls[0], 'good', () => text), new Client(t, urls[2], 'good', () => text)]
  const ask = async (key: string): Promise<number[]> => {
    return await Promise.all(urls.map(async url => await statusOf(url, key, new Agent())))
  }
  const clients = [used, none]
  await until(() => clients.every(({ answers }) => answers.length > 20))

  const from = performance.now()
  await redis.kill()
  const dead = performance.now()
  await until(() => none.answers.at(-1)?.status === 503)
  t.same(await ask(makeKey()), [503, 503, 503], 'no server knows a new key')
  t.same(await ask(text), [200, 200, 503], 'a known key passes where there is grace')
  await until(() => used.answers.at(-1)?.status === 503)
  t.comment(`of ${GRACE_MS} ms since the last answer, ${Math.round(performance.now() - dead)} ms were without Redis`)
  await until(() => performance.now() - dead > GRACE_MS)
  t.same(await ask(text), [503, 503, 503], 'grace is over')
  const revived = performance.now()
  await redis.run()
  await until(async () => (await ask(text)).every(status => status === 200))
  await until(() => clients.every(({ answers }) => answers.at(-1)?.status === 200))
  await Promise.all(clients.map(async client => await client.stop()))

  for (const [name, { answers }] of Object.entries({ 'with grace': used, 'without grace': none })) {
    t.match(answers.map(({ status }) => status).join(' '), /^(200 )+(503 )+(200 ?)+$/, name)
  }
  // The last answer came at most a heartbeat before the end, and maybe late, and not after it.
  const early = used.answers.filter(({ at }) => at < from + GRACE_MS - HEARTBEAT_MS - LATE_MS)
  const late = used.answers.filter(({ sentAt, at }) => sentAt > dead + GRACE_MS && at < revived)
  t.ok(early.length > 0 && early.every(({ status }) => status === 200), 'grace does not end early')
  t.ok(late.every(({ status }) => status === 503), 'grace does not end late')
  for (const server of servers) {
    t.match(newsOf(server), [{ level: 50, msg: LOST }, { level: 30, msg: /^The key feed is back after \d+ ms$/ }])
    t.equal(newsOf(server).length, 2)
  }
})

t.test('random keys by the hundred thousand leave nothing in the memory of a server', { skip }, async t => {
  const redis = await RedisServer.start(t)
  await new RedisKeyStore({ url: redis.url }).add(createApiKey(makeKey()))
  const server = startSmallServer(t, redis.url, 60_000)
  const url = await listening(server)
  const memory = async (): Promise<NodeJS.MemoryUsage> => await (await fetch(`${url}/memory`)).json() as NodeJS.MemoryUsage
  await flood(url, 30_000)
  const before = await memory()
  await flood(url, 120_000)
  const after = await memory()
  // An entry for each would be 18 MB.
  for (const [part, most] of [['heapUsed', 7e6], ['external', 7e6], ['rss', 20e6]] as const) {
    t.comment(`${part}: ${(before[part] / 1e6).toFixed(1)} MB after 30,000, ${(after[part] / 1e6).toFixed(1)} MB after 150,000`)
    t.ok(after[part] - before[part] < most, part)
  }
  t.same(logOf(server), [])
  server.kill('SIGTERM')
  t.match(await server.exit, { code: 0 })
})

interface Commands {
  /** How often Redis has run each command. */
  readonly calls: Record<string, number>
  readonly ms: number
}

/** Begins to count what Redis runs; what is returned ends it. */
async function watchCommands (redis: RedisServer): Promise<() => Promise<Commands>> {
  await redis.send('CONFIG', 'RESETSTAT')
  const begin = performance.now()
  return async () => {
    const stats = String(await redis.send('INFO', 'commandstats'))
    const ms = performance.now() - begin
    const calls = [...stats.matchAll(/cmdstat_(\S+?):calls=(\d+)/g)].map(([, name, count]) => [name, Number(count)] as const)
    return { calls: Object.fromEntries(calls.filter(([name]) => !/^(hello|client|config|info)/.test(name as string))), ms }
  }
}
