import { createClient } from '@redis/client'
import t from 'tap'
import { createApiKey, generateApiKey } from '../../../lib/index.ts'
import { layoutOf } from '../../../lib/stores/redis/layout.ts'
import { RedisKeyStore } from '../../../lib/stores/redis/store.ts'
import { MARKER } from '../../support/app.ts'
import { runCommand } from '../../support/cli.ts'
import { assertFirst } from '../../support/doctor.ts'
import { freePorts, RedisServer, skip } from '../../support/redis.ts'
import { until } from '../../support/until.ts'

const REDIS = 'FST_DBGPT_AUTH_REDIS'
const READS = '~{dbgpt-auth}:* +eval +xread +xrange +xrevrange +hscan +hmget +hlen'
const CHANGES = `${READS} +hget +hset +hsetnx +hdel +xadd +wait`

t.test('with a Redis', { skip }, async t => {
  const server = await RedisServer.start(t)
  const { port, url } = server
  const env = { API_KEYS_REDIS_URL: url }
  const layout = layoutOf('dbgpt-auth')
  const all = async (): Promise<unknown> => await Promise.all(Object.values(layout).map(async name => await server.send('DUMP', name)))
  const users = { instance: READS, admin: CHANGES, stranger: '~other:* +@all', nobody: '+ping' }
  for (const [user, rights] of Object.entries(users)) await server.send('ACL', 'SETUSER', user, 'on', `>${MARKER}`, ...rights.split(' '))
  const as = (user: string, password = MARKER) => ({ API_KEYS_REDIS_URL: `redis://${user}:${password}@127.0.0.1:${port}` })

  await assertFirst(t, { name: 'empty', env, first: 'FST_DBGPT_AUTH_REDIS_EMPTY' })
  t.same(await server.send('DBSIZE'), 0, 'nothing was made')

  const store = new RedisKeyStore({ url })
  const key = createApiKey({ key: generateApiKey(), name: 'web', createdAt: new Date() })
  await store.add(key)
  const before = JSON.stringify(await all())

  await assertFirst(t, { name: 'keys', env })
  await assertFirst(t, { name: 'a user who changes keys', env: as('admin') })
  await assertFirst(t, { name: 'a user who reads, as docs/scaling.md has it', env: as('instance') })
  t.match((await runCommand(['doctor'], { env: as('instance') })).stdout, /may read the keys and not change them/)
  await assertFirst(t, { name: 'a user without rights', env: as('stranger'), first: REDIS, says: /NOPERM/ })
  await assertFirst(t, { name: 'a wrong password', env: as('admin', `${MARKER}2`), first: REDIS, says: /WRONGPASS/ })
  await assertFirst(t, { name: 'TLS', env: { API_KEYS_REDIS_URL: `rediss://127.0.0.1:${port}` }, first: REDIS, says: /TLS/ })
  await assertFirst(t, { name: 'another database', env: { API_KEYS_REDIS_URL: `${url}/99` }, first: REDIS, says: /no database of this number/ })
  const [free] = await freePorts(1)
  await assertFirst(t, { name: 'no Redis', env: { API_KEYS_REDIS_URL: `redis://:${MARKER}@127.0.0.1:${free}` }, first: REDIS, says: /nothing listens there/ })
  await assertFirst(t, { name: 'no host', env: { API_KEYS_REDIS_URL: `redis://${MARKER}.invalid` }, first: REDIS, says: /no such host|not answer/ })
  t.equal(JSON.stringify(await all()), before, 'nothing was changed')

  await server.send('CONFIG', 'SET', 'maxmemory', '1')
  await assertFirst(t, { name: 'a full memory', env, first: 'redis_unchangeable', says: /memory is full/ })
  await server.send('CONFIG', 'SET', 'maxmemory', '0')

  const replica = await RedisServer.start(t, ['--replicaof', `127.0.0.1 ${port}`, '--repl-diskless-sync-delay', '0'])
  await until(async () => await replica.send('HLEN', layout.keys) === 1)
  await assertFirst(t, { name: 'a replica', env: { API_KEYS_REDIS_URL: replica.url }, first: 'redis_unchangeable', says: /READONLY/ })

  await store.update(key.id, { createdAt: new Date(Date.now() - 100 * 86_400_000) })
  await assertFirst(t, { name: 'an old key', env, first: 'keys_old', says: /\(web\)/ })
  await store.expire(key.id, new Date(0))
  await assertFirst(t, { name: 'all keys have expired', env, first: 'keys_all_expired' })
  await store.add(createApiKey(generateApiKey()))
  const client = await createClient({ url }).connect()
  await client.hSet(layout.keys, key.id, MARKER)
  await assertFirst(t, { name: 'a record that is none', env, first: 'key_unreadable', says: /\(1\)/ })
  await client.hSet(layout.meta, 'version', '99')
  await assertFirst(t, { name: 'another format', env, first: REDIS, says: /format/ })
  client.destroy()
})
