import t from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import { RedisKeyStore } from '../../../lib/stores/redis/store.ts'
import { KEY } from '../../support/app.ts'
import { RedisServer, skip } from '../../support/redis.ts'
import { until } from '../../support/until.ts'

t.test('a store tells whether it hears from Redis, and since when not', { skip }, async t => {
  const server = await RedisServer.start(t)
  const record = createApiKey(KEY)
  const store = new RedisKeyStore({ url: server.url })
  t.teardown(async () => await store.close())
  const isUp = (): boolean => store.status().up
  t.same(store.status(), { up: false, ageMs: Infinity }, 'not open')
  await store.add(record)
  await store.open()
  t.ok(isUp())

  const { now } = performance
  performance.now = () => now.call(performance) + 1501
  t.teardown(() => { performance.now = now })
  t.match(store.status(), { up: false }, 'nothing was heard for too long')
  performance.now = now

  await server.kill()
  await until(() => !isUp())
  const { ageMs } = store.status()
  t.same(store.find(record.digest), record, 'keys pass all the same')
  await until(() => store.status().ageMs > ageMs)
  await store.close()
  t.equal(isUp(), false)
})
