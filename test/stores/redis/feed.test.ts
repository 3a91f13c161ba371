import t, { type Test } from 'tap'
import { type ApiKey, createApiKey } from '../../../lib/index.ts'
import type { RedisClient } from '../../../lib/stores/redis/client.ts'
import { clientOf } from '../../../lib/stores/redis/create-client.ts'
import { Feed } from '../../../lib/stores/redis/feed.ts'
import { layoutOf } from '../../../lib/stores/redis/layout.ts'
import { Snapshot } from '../../../lib/stores/redis/snapshot.ts'
import { RedisKeyStore } from '../../../lib/stores/redis/store.ts'
import { KEY, MARKER, OTHER_KEY } from '../../support/app.ts'
import { type LoggedLine, makeLog } from '../../support/log.ts'
import { until } from '../../support/until.ts'
import { freePorts, RedisServer, skip } from '../../support/redis.ts'
import { shown } from '../../support/shown.ts'

const LOST = { code: 'FST_DBGPT_AUTH_REDIS_FEED_LOST' }
/** What only a hang exceeds, on a busy machine as well. */
const LATE_MS = 10_000
const KEYS = '{dbgpt-auth}:keys'
const CHANGES = '{dbgpt-auth}:changes'
const PERSISTENT = ['--appendonly', 'yes', '--appendfsync', 'always']
const record = createApiKey({ key: KEY, name: 'billing' })
const other = createApiKey(OTHER_KEY)

interface Prepared {
  readonly server: RedisServer
  readonly store: RedisKeyStore
  readonly feed: Feed
  readonly lines: readonly LoggedLine[]
}

t.test('a Redis that is not there is an error, and leaves nothing behind', async t => {
  const [port = 0] = await freePorts(1)
  const feed = new Feed({ createClient: clientOf(`redis://127.0.0.1:${port}`), layout: layoutOf('test'), graceMs: 1000 })
  await t.rejects(feed.open(), { code: 'FST_DBGPT_AUTH_REDIS', message: new RegExp(`127.0.0.1:${port}`) })
  await t.rejects(feed.list(), { code: 'FST_DBGPT_AUTH_REDIS' })
  t.notOk(feed.isOpen)
  t.throws(() => feed.find(record.digest), LOST)
  await feed.close()
})

t.test('with a Redis', { skip }, async t => {
  /** Starts a server with a list of one key, and a feed that follows it. */
  const prepare = async (t: Test, graceMs = 60_000, persistence = PERSISTENT): Promise<Prepared> => {
    const server = await RedisServer.start(t, persistence)
    const store = new RedisKeyStore({ url: server.url })
    await store.add(record)
    const feed = new Feed({ createClient: clientOf(server.url), layout: layoutOf('dbgpt-auth'), graceMs })
    const { lines, log } = makeLog()
    await feed.open(log)
    t.teardown(async () => await feed.close())
    return { server, store, feed, lines }
  }
  const isLost = (feed: Feed, { digest }: ApiKey = other): boolean => {
    try {
      feed.find(digest)
      return false
    } catch {
      return true
    }
  }

  t.test('while the feed is up, the list is as Redis has it, and nothing is logged', async t => {
    const { store, feed, lines } = await prepare(t)
    t.same(feed.find(record.digest), record)
    t.equal(feed.find(other.digest), undefined)
    await store.add(other)
    await until(() => feed.find(other.digest) !== undefined)
    await store.revoke(record.id)
    await until(() => feed.find(record.digest) === undefined)
    t.same(await feed.list(), [other])
    t.same(lines, [])
  })

  t.test('a dead Redis is noticed at once; known keys pass, others are not told from new ones', async t => {
    const { server, feed, lines } = await prepare(t)
    await server.kill()
    t.ok(await until(() => isLost(feed)) < LATE_MS, 'its end is noticed')
    t.same(feed.find(record.digest), record)
    const error = t.throws(() => feed.find(other.digest), LOST) as Error
    t.match(error.cause, { code: 'FST_DBGPT_AUTH_REDIS' })
    await server.run()
    t.ok(await until(() => !isLost(feed)) < LATE_MS, 'its return is noticed')
    t.same(feed.find(record.digest), record)
    t.match(lines[0], { level: 'error', message: 'The key feed is lost', fields: { err: { code: 'FST_DBGPT_AUTH_REDIS' } } })
    t.match(lines.at(-1), { level: 'info', message: /^The key feed is back after \d+ ms$/, fields: { keys: 1 } })
  })

  t.test('a Redis that hangs is noticed, and so is its end', async t => {
    const { server, feed, lines } = await prepare(t)
    server.signal('SIGSTOP')
    const ms = await until(() => isLost(feed))
    t.ok(ms > 900 && ms < LATE_MS, `${ms} ms`)
    t.same(feed.find(record.digest), record)
    server.signal('SIGCONT')
    await until(() => !isLost(feed))
    t.equal(lines.length, 2)
    t.match(lines[0]?.fields.err?.message, /it does not answer/)
  })

  t.test('grace ends, however much it is used, and there can be none', async t => {
    for (const graceMs of [400, 0]) {
      const { server, feed } = await prepare(t, graceMs)
      await server.kill()
      const ms = await until(() => isLost(feed, record))
      t.ok(ms < graceMs + LATE_MS, `${ms} ms of ${graceMs}`)
      t.ok(isLost(feed), shown(graceMs))
      await server.run()
      await until(() => !isLost(feed))
      t.same(feed.find(record.digest), record, shown(graceMs))
    }
  })

  t.test('a process that was stopped does not trust its list before Redis has confirmed it', async t => {
    const { feed } = await prepare(t, 100)
    const now = performance.now.bind(performance)
    performance.now = () => now() + 1501
    t.teardown(() => { performance.now = now })
    t.ok(isLost(feed))
    t.ok(isLost(feed, record))
    performance.now = now
    t.same(feed.find(record.digest), record)
  })

  t.test('a Redis that was emptied is as if it were gone, and the log says so', async t => {
    const { server, store, feed, lines } = await prepare(t)
    await server.send('FLUSHALL')
    await until(() => isLost(feed))
    t.same(feed.find(record.digest), record)
    t.match(lines, [{ level: 'error', fields: { err: { code: 'FST_DBGPT_AUTH_REDIS_EMPTY' } } }])
    await store.add(other)
    await until(() => !isLost(feed))
    t.same(await feed.list(), [other])
    t.equal(lines.length, 2)
  })

  t.test('that a Redis is back but empty is news', async t => {
    const { server, feed, lines } = await prepare(t, 60_000, [])
    await server.kill()
    await server.run()
    await until(() => lines.some(({ fields: { err } }) => (err as { code?: string }).code === 'FST_DBGPT_AUTH_REDIS_EMPTY'))
    t.match(lines[0], { fields: { err: { code: 'FST_DBGPT_AUTH_REDIS' } } })
    t.ok(isLost(feed))
  })

  t.test('each reason why it is still lost is a line, however often they alternate', async t => {
    const right = ['--requirepass', MARKER]
    const server = await RedisServer.start(t, PERSISTENT)
    await new RedisKeyStore({ url: server.url }).add(record)
    await server.kill()
    await server.run(right)
    let attempts = 0
    const make = clientOf(server.url.replace('//', `//:${MARKER}@`))
    const createClient = async (): Promise<RedisClient> => {
      attempts++
      return await make()
    }
    const feed = new Feed({ createClient, layout: layoutOf('dbgpt-auth'), graceMs: 60_000 })
    const { lines, log } = makeLog()
    await feed.open(log)
    t.teardown(async () => await feed.close())
    const repeated = async (): Promise<void> => {
      const before = attempts
      await until(() => attempts > before + 1)
    }
    for (const options of [['--requirepass', 'another'], [], ['--requirepass', 'another']]) {
      await server.kill()
      await repeated()
      await server.run(options)
      await repeated()
    }
    await server.kill()
    await server.run(right)
    await until(() => lines.at(-1)?.level === 'info')
    const told = lines.map(({ level, fields: { err } }) => err?.message.replace(/.* used: | \(.*/g, '') ?? level)
    t.same(told.filter(reason => !/loading/.test(reason)), [
      'it has ended the connection', 'nothing listens there', 'it refuses the user name or password', 'it has no password', 'info'
    ])
    t.equal(new Set(told).size, told.length, 'none is told twice')
    t.notOk(lines.some(({ fields: { err } }) => err?.message.includes(MARKER)), 'no secret')
  })

  t.test('of reasons, only the last few are kept', async t => {
    const { server, feed, lines } = await prepare(t)
    const name = (index: number): string => `no fault that is known: ${index}`
    let count = 0
    const ask = Snapshot.prototype.load
    Snapshot.prototype.load = async () => { throw new Error(name(count++ % 9)) }
    t.teardown(() => { Snapshot.prototype.load = ask })
    await server.send('CLIENT', 'KILL', 'TYPE', 'normal')
    await until(() => lines.length > 10)
    Snapshot.prototype.load = ask
    await until(() => !isLost(feed))
    t.same(lines.slice(1, 11).map(({ fields: { err } }) => err?.message), [...Array(9).keys(), 0].map(name), 'the first is news again')
  })

  t.test('a change that was received is not undone by a fault', async t => {
    const { server, store, feed } = await prepare(t)
    await store.add(other)
    await store.revoke(record.id)
    await until(() => feed.find(record.digest) === undefined)
    await server.kill()
    await until(() => isLost(feed, record))
    t.throws(() => feed.find(record.digest), LOST)
    t.same(feed.find(other.digest), other)
  })

  t.test('a change that is known from elsewhere is made at once, also while the list is read anew', async t => {
    const { server, feed } = await prepare(t)
    await server.send('CLIENT', 'KILL', 'TYPE', 'normal')
    await until(() => isLost(feed))
    feed.apply(`${Date.now() + 1000}-0`, record.id, undefined)
    t.throws(() => feed.find(record.digest), LOST)
    // At each turn of the event loop, and so also while the new list is read.
    const applying = setInterval(() => feed.apply(`${Date.now() + 1000}-0`, other.id, other), 0)
    t.teardown(() => clearInterval(applying))
    await until(() => !isLost(feed, createApiKey('another')))
    clearInterval(applying)
    t.same(feed.find(other.digest), other)
  })

  t.test('a record that cannot be read is 503 for its key alone', async t => {
    const { server, feed, lines } = await prepare(t)
    for (const [index, id] of [other.id, 'x'].entries()) {
      await server.send('HSET', '{dbgpt-auth}:keys', id, '{}')
      await server.send('XADD', '{dbgpt-auth}:changes', '*', 'id', id)
      await until(() => lines.length === index + 1)
    }
    t.throws(() => feed.find(other.digest), { code: 'FST_DBGPT_AUTH_REDIS_UNREADABLE' })
    t.same(feed.find(record.digest), record)
    t.match(lines, [{ message: /A key cannot be read/, fields: { keyId: other.id } }, { fields: { keyId: null } }])
  })

  t.test('a record that cannot be read is told of once, and only of a list that is in force', async t => {
    const { server, feed, lines } = await prepare(t)
    const told = (): unknown[] => lines.flatMap(({ fields }) => 'keyId' in fields ? [fields.keyId] : [])
    await server.send('HSET', KEYS, other.id, '{}')
    await server.send('XADD', CHANGES, '*', 'id', other.id)
    await until(() => told().length === 1)
    let loads = 0
    const load = Snapshot.prototype.load
    t.teardown(() => { Snapshot.prototype.load = load })
    Snapshot.prototype.load = async function (source) {
      await load.call(this, source)
      if (++loads < 3) throw new Error('It was lost again')
    }
    await server.send('HSET', KEYS, 'x', '{}')
    await server.send('CLIENT', 'KILL', 'TYPE', 'normal')
    await until(() => loads === 3 && !isLost(feed, record))
    t.same(told(), [other.id, null])
  })

  t.test('closing ends it at once, whatever it is about', async t => {
    const { server, feed } = await prepare(t)
    t.ok(feed.isOpen)
    await feed.close()
    t.notOk(feed.isOpen)
    await until(async () => !/cmd=(xread|eval)/.test(String(await server.send('CLIENT', 'LIST'))))

    const { server: dead, feed: lost, lines } = await prepare(t)
    await dead.kill()
    await until(() => isLost(lost))
    const count = lines.length
    await lost.close()
    t.equal(lines.length, count, 'that it ends is no fault')

    const { server: hung, feed: connecting } = await prepare(t)
    hung.signal('SIGSTOP')
    await until(() => isLost(connecting))
    const begin = performance.now()
    await connecting.close()
    const ms = performance.now() - begin
    t.ok(ms < 1500, `closing does not wait for the connection: ${Math.round(ms)} ms`)
  })

  t.test('closing ends it also before there is a client', async t => {
    const { server } = await prepare(t)
    const createClient = clientOf(server.url)
    const slow = async (): Promise<RedisClient> => {
      await new Promise(resolve => setTimeout(resolve, 50))
      return await createClient()
    }
    const feed = new Feed({ createClient: slow, layout: layoutOf('dbgpt-auth'), graceMs: 1000 })
    const { lines, log } = makeLog()
    const opening = t.rejects(feed.open(log), { code: 'FST_DBGPT_AUTH_REDIS', message: /the store was closed meanwhile/ })
    await feed.close()
    await opening
    t.notOk(feed.isOpen)
    t.same(lines, [])
  })

  t.test('a feed can be opened again, and lists what there is also without', async t => {
    const { store, feed } = await prepare(t)
    await feed.close()
    await store.add(other)
    t.equal((await feed.list()).length, 2)
    await feed.open()
    t.same(feed.find(other.digest), other)
  })
})
