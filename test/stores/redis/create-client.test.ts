import { inspect } from 'node:util'
import { createClient, createClientPool, createCluster, createSentinel } from '@redis/client'
import { createClient as createClient5, createCluster as createCluster5, createSentinel as createSentinel5 } from 'redis-client-5'
import t from 'tap'
import type { RedisClient } from '../../../lib/stores/redis/client.ts'
import { clientFrom, clientOf, isRedisUrl } from '../../../lib/stores/redis/create-client.ts'
import { MARKER, rejection } from '../../support/app.ts'

t.test('a URL of a Redis is told from anything else', async t => {
  for (const url of [
    'redis://localhost', 'rediss://localhost:6380', 'REDIS://HOST', 'redis://:password@10.0.0.1:6379/0', 'redis://user:pass%40word@host/15',
    'redis://[::1]:6379', 'redis://user@host/'
  ]) t.equal(isRedisUrl(url), true, url)
  for (const url of [
    '', 'redis', 'localhost:6379', 'redis:', 'redis://', 'redis:///0', 'redis://host:port', 'redis://host:65536', 'http://host',
    'redis://host/zero', 'redis://host/0/1', 'redis://host?db=1', 'redis://host#1', 'redis://user:%@host', undefined, null, 1, {}
  ]) t.equal(isRedisUrl(url), false, String(url))
})

t.test('without the package of the client, the error says what to install', async t => {
  const createClient = clientOf('redis://localhost', async () => { throw new Error('Cannot find package') })
  await t.rejects(createClient() as Promise<unknown>, {
    code: 'FST_DBGPT_AUTH_REDIS_CLIENT', message: /npm install @redis\/client/
  })
})

t.test('an application\'s createClient that fails is an error without its text', async t => {
  const cases: readonly (readonly [object, RegExp])[] = [
    [Object.assign(new TypeError(MARKER), { code: 'ERR_INVALID_URL', input: MARKER }),
      /createClient failed, its URL is none, .* \(ERR_INVALID_URL\)/],
    [new Error(MARKER), /createClient failed, for a reason of its own: call it alone to see which/]
  ]
  for (const [thrown, message] of cases) {
    const error = await rejection((async () => await clientFrom(() => { throw thrown })())())
    t.match(error, { code: 'FST_DBGPT_AUTH_REDIS', message })
    t.notMatch(inspect(error, { showHidden: true, depth: 9 }), MARKER, String(message))
  }
})

t.test('createClient returns a client of @redis/client that is not connected, and nothing else', async t => {
  const makers = [
    createClient, createClient5, createClientPool, createCluster, createCluster5, createSentinel, createSentinel5
  ]
  for (const make of makers) {
    const client = (make as (options: object) => RedisClient)({ rootNodes: [{}], name: 'x', sentinelRootNodes: [] })
    t.equal(await clientFrom(() => client)(), client)
  }
  // As clients of other packages are: ioredis, and redis 3.
  const nothing = (): void => {}
  const others = { connect: nothing, eval: nothing, hscan: nothing, xread: nothing, disconnect: nothing, on: nothing }
  const cases: readonly (readonly [unknown, string])[] = [
    ...[undefined, null, 'redis://host', {}, () => {}, others, Object.create(null)].map(value => [value, 'something else'] as const),
    [Promise.resolve(createClient()), 'a promise'],
    [Promise.reject(new Error(MARKER)), 'a promise'],
    [openClient(), 'one that is connected']
  ]
  for (const [value, what] of cases) {
    t.match(await rejection((async () => await clientFrom(() => value)())()), {
      code: 'FST_DBGPT_AUTH_OPTION',
      message: 'The option "createClient" must be a function that returns a client of @redis/client (5 or 6) that is not connected, ' +
        `a new one each time; it has returned ${what}`
    }, what)
  }
})

/** A client that has begun to connect. */
function openClient (): RedisClient {
  const client = createClient({ socket: { port: 1, host: '127.0.0.1', reconnectStrategy: false } })
  client.on('error', () => {}).connect().catch(() => {})
  return client
}
