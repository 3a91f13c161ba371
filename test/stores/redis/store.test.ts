import { inspect } from 'node:util'
import { createClient } from '@redis/client'
import { createClient as createClient5 } from 'redis-client-5'
import t, { type Test } from 'tap'
import { type RedisClient, RedisKeyStore, type RedisKeyStoreOptions } from '../../../lib/stores/redis/store.ts'
import { createApiKey } from '../../../lib/index.ts'
import { bearer, harness, KEY, MARKER, OTHER_KEY, rejection, WRONG_KEY } from '../../support/app.ts'
import { until } from '../../support/until.ts'
import { startDelay } from '../../support/redis-delay.ts'
import { freePorts, openEmptyStore, RedisServer, skip } from '../../support/redis.ts'
import { testKeyStore } from '../contract.ts'
import { shown } from '../../support/shown.ts'

const record = createApiKey({ key: KEY, name: 'billing' })
const other = createApiKey(OTHER_KEY)
/** What only a hang exceeds, on a busy machine as well. */
const LATE_MS = 20_000
let count = 0

t.test('with a Redis', { skip }, async t => {
  const server = await RedisServer.start(t)

  /** Makes an open store with a list of its own, which is empty. */
  const makeStore = async (t: Test, settings: RedisKeyStoreOptions): Promise<RedisKeyStore> =>
    await openEmptyStore(t, { ...settings, prefix: `test-${++count}` })

  const { url } = server
  const settings: Record<string, RedisKeyStoreOptions> = {
    'a URL': { url },
    '@redis/client 6': { createClient: () => createClient({ url }) },
    '@redis/client 6 with RESP 2': { createClient: () => createClient({ url, RESP: 2 }) },
    '@redis/client 5': { createClient: () => createClient5({ url }) }
  }
  for (const [name, each] of Object.entries(settings)) {
    t.test(name, async t => testKeyStore(t, async t => await makeStore(t, each)))
  }

  t.test('lists do not mix', async t => {
    const [a, b] = [await makeStore(t, { url }), await makeStore(t, { url })]
    await a.add(record)
    t.equal(b.find(record.digest), undefined)
    t.equal(await b.revoke(record.id), false)
    t.same(await new RedisKeyStore({ url, prefix: `test-${count - 1}` }).list(), [record])
  })

  t.test('what one store changes is in force in another, and at once in itself', async t => {
    const a = await makeStore(t, { url })
    const b = new RedisKeyStore({ url, prefix: `test-${count}` })
    await b.open()
    t.teardown(async () => await b.close())
    t.equal(await a.addAll([record, other, record]), 2)
    await until(() => b.find(record.digest) !== undefined)
    await b.revoke(record.id)
    t.equal(b.find(record.digest), undefined)
    await until(() => a.find(record.digest) === undefined)
    await a.expire(other.id, new Date(2e12))
    t.match(a.find(other.digest), { expiresAt: new Date(2e12) })
    await until(() => b.find(other.digest)?.expiresAt !== undefined)
  })

  t.test('its size is how many keys the list in memory holds', async t => {
    const store = await makeStore(t, { url })
    const reader = new RedisKeyStore({ url, prefix: `test-${count}` })
    t.equal(reader.size, 0)
    await reader.open()
    t.teardown(async () => await reader.close())
    await store.addAll([record, other])
    t.equal(store.size, 2)
    await until(() => reader.size === 2)
    await server.send('HSET', `{test-${count}}:keys`, other.id, '{}')
    await store.revoke(record.id)
    await until(() => reader.size === 1)
    await reader.close()
    t.equal(reader.size, 1, 'the list stays')
  })

  t.test('the variable names a Redis, and needs no code', async t => {
    await new RedisKeyStore({ url }).add(record)
    const { app, guard } = harness(t)
    await guard({ env: { API_KEYS_REDIS_URL: ` ${url}/0 `, NODE_ENV: 'production' } })
    app.get('/', request => request.apiKey?.name)
    t.match(await app.inject({ url: '/', headers: bearer() }), { statusCode: 200, body: 'billing' })
    t.match(await app.inject({ url: '/', headers: bearer(WRONG_KEY) }), { statusCode: 401 })
    await (app.apiKeys as RedisKeyStore).revoke(record.id)
    t.match(await app.inject({ url: '/', headers: bearer() }), { statusCode: 401 })
    await server.send('FLUSHALL')
    await until(async () => (await app.inject({ url: '/', headers: bearer() })).statusCode === 503)
  })

  t.test('what cannot be used is a start-up error that names host and port, and no secret', async t => {
    const locked = await RedisServer.start(t, ['--requirepass', MARKER])
    const hung = await RedisServer.start(t)
    hung.signal('SIGSTOP')
    const [closed = 0] = await freePorts(1)
    await server.send('SET', '{dbgpt-auth}:meta', 'text')
    const cases: readonly (readonly [string, number, RegExp])[] = [
      ['redis://', closed, /nothing listens there/],
      ['redis://', hung.port, /does not answer/],
      ['redis://user:secret@', hung.port, /does not answer/],
      ['redis://', locked.port, /asks for a password/],
      ['redis://:secret@', locked.port, /refuses the user name or password/],
      ['redis://user:secret@', server.port, /refuses the user name or password/],
      ['rediss://', server.port, /it does not answer, or not over TLS/],
      ['redis://', server.port, /something else is stored under the prefix/]
    ]
    for (const [begin, port, message] of cases) {
      const { app, guard } = harness(t)
      const since = performance.now()
      const error = await rejection(guard({ env: { API_KEYS_REDIS_URL: `${begin}127.0.0.1:${port}` } }).then(() => app.ready()))
      t.match(error, { code: 'FST_DBGPT_AUTH_REDIS', message: new RegExp(`127\\.0\\.0\\.1:${port}`) }, `${begin} ${message}`)
      t.match(error.message, message, shown(begin))
      t.notMatch(inspect(error, { depth: 9, showHidden: true }), /secret|rediss?:/, `no secret: ${message}`)
      t.ok(performance.now() - since < LATE_MS, `in time: ${message}`)
    }
    await server.send('FLUSHALL')
    const empty = await rejection(harness(t).guard({ env: { API_KEYS_REDIS_URL: url } }))
    t.match(empty, { code: 'FST_DBGPT_AUTH_REDIS_EMPTY', message: /create a first key with "dbgpt-auth create"/ })
  })
})

t.test('a Redis that falls silent ends the start, and one that is slow does not', { skip }, async t => {
  const { port, url } = await RedisServer.start(t)
  await new RedisKeyStore({ url }).addAll(Array.from({ length: 7000 }, (_, index) => createApiKey(`${MARKER}-${index}`)))
  const silent = async (from: string): Promise<void> => {
    const never = await startDelay(t, port, asked => asked.includes(from) ? new Promise(() => {}) : undefined)
    const { app, guard } = harness(t)
    // And not Fastify's own, after the 10 seconds of its pluginTimeout.
    const error = await rejection(guard({ env: { API_KEYS_REDIS_URL: never } }).then(() => app.ready()))
    t.match(error, { code: 'FST_DBGPT_AUTH_REDIS', message: /it does not answer \(ETIMEDOUT\)/ }, `silent from ${JSON.stringify(from)} on`)
  }
  let pages = 0
  const slow = await startDelay(t, port, asked => {
    if (!asked.includes('HSCAN')) return undefined
    pages++
    return new Promise(resolve => setTimeout(resolve, 1000))
  })
  const store = new RedisKeyStore({ url: slow })
  t.teardown(async () => await store.close())
  await Promise.all([...['', 'EVAL', 'HSCAN', 'XREAD'].map(silent), store.open()])
  t.ok(pages > 5, `${pages} seconds, longer than for any answer alone`)
  t.equal((await store.list()).length, 7000)
})

t.test('what createClient returns is checked before anything is done with it', async t => {
  const used = createClient({ url: 'redis://127.0.0.1:1' })
  used.on('error', () => {}).connect().catch(() => {})
  t.teardown(() => used.destroy())
  for (const [returned, what] of [[undefined, 'something else'], [Promise.resolve(used), 'a promise'], [used, 'one that is connected']]) {
    const store = new RedisKeyStore({ createClient: (() => returned) as unknown as () => RedisClient })
    const wrong = { code: 'FST_DBGPT_AUTH_OPTION', message: new RegExp(`"createClient" must be .* it has returned ${String(what)}$`) }
    await t.rejects(store.open(), wrong)
    await t.rejects(store.list(), wrong)
    await t.rejects(store.add(record), wrong)
    await store.close()
  }
  t.ok(used.isOpen, 'a client of the application is left alone')
})

t.test('options are checked', async t => {
  const url = 'redis://localhost'
  const cases: readonly (readonly [string, object])[] = [
    ['url', {}], ['url', { url: 'http://localhost' }], ['url', { url: 1 }], ['createClient', { url, createClient: () => {} }],
    ['createClient', { createClient: 'redis' }], ['prefix', { url, prefix: '' }], ['prefix', { url, prefix: '{a}' }],
    ['prefix', { url, prefix: 'a b' }], ['prefix', { url, prefix: 'x'.repeat(101) }], ['graceMs', { url, graceMs: -1 }],
    ['graceMs', { url, graceMs: NaN }], ['graceMs', { url, graceMs: '1' }], ['waitReplicas', { url, waitReplicas: 0.5 }],
    ['waitReplicas', { url, waitReplicas: -1 }]
  ]
  for (const [option, options] of cases) {
    t.throws(() => new RedisKeyStore(options as RedisKeyStoreOptions), {
      code: 'FST_DBGPT_AUTH_OPTION', message: new RegExp(`"${option}" must be`)
    }, inspect(options))
  }
  t.ok(new RedisKeyStore({ url, prefix: undefined, graceMs: Infinity, waitReplicas: 2 }))
})
