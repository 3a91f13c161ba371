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
  const createClient = clientFrom(() => { throw Object.assign(new TypeError(MARKER), { code: 'ERR_INVALID_URL', input: MARKER }) })
  const error = await rejection((async () => await createClient())())
  t.match(error, { code: 'FST_DBGPT_AUTH_REDIS', message: /createClient failed, it failed \(ERR_INVALID_URL\)/ })
  const client = {} as RedisClient
  t.equal(await clientFrom(() => client)(), client)
})
