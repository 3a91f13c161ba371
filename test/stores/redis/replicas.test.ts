import { createClient, createCluster, createSentinel } from '@redis/client'
import { createClient as createClient5, createCluster as createCluster5, createSentinel as createSentinel5 } from 'redis-client-5'
import t, { type Test } from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import { type RedisClient, RedisKeyStore } from '../../../lib/stores/redis/store.ts'
import { withReplicas } from '../../../lib/stores/redis/replicas.ts'
import { KEY, OTHER_KEY, rejection } from '../../support/app.ts'
import { until } from '../../support/until.ts'
import { type RedisServer, skip } from '../../support/redis.ts'
import { isInSync, RedisCluster, RedisSentinels } from '../../support/redis-cluster.ts'

const PREFIX = 'test'
const KEYS = `{${PREFIX}}:keys`
/** When a change must have failed even on a busy machine. */
const LATE_MS = 10_000
const LATER = new Date(2e12)
const record = createApiKey({ key: KEY, name: 'billing' })
const other = createApiKey(OTHER_KEY)

interface Place {
  readonly master: RedisServer
  readonly replica: RedisServer
  /** How many replicas there are. */
  readonly waitReplicas: number
  /** Clients of the place, by what makes them. */
  readonly clients: Record<string, () => RedisClient>
}

/** Adds tests of changes that replicas have to confirm. */
function testReplicas (t: Test, { master, replica, waitReplicas, clients }: Place): void {
  for (const [name, createClient] of Object.entries(clients)) {
    /** Opens a store of one key that every replica has. */
    const prepare = async (t: Test): Promise<RedisKeyStore> => {
      const store = new RedisKeyStore({ createClient, prefix: PREFIX, waitReplicas })
      await until(async () => await isInSync(master, waitReplicas) && await isInSync(replica, 0))
      await store.addAll([record])
      await store.open()
      t.teardown(async () => await store.close())
      await store.revoke(other.id)
      return store
    }
    const onMaster = async (id: string): Promise<unknown> => await master.send('HGET', KEYS, id)

    t.test(`${name}: a change is made where all replicas confirm it`, async t => {
      const store = await prepare(t)
      await store.add(other)
      t.equal(await store.expire(other.id, LATER), true)
      t.equal(await store.revoke(other.id), true)
      t.equal(await store.revoke(other.id), false, 'there is nothing to confirm')
      t.equal(store.find(other.digest), undefined)
    })

    if (!name.endsWith('6')) continue
    t.test(`${name}: where a replica hangs, a change fails after a second, and stands on the master`, async t => {
      const store = await prepare(t)
      replica.signal('SIGSTOP')
      t.teardown(() => replica.signal('SIGCONT'))
      const fail = async (change: Promise<unknown>): Promise<void> => {
        const begin = performance.now()
        const { code, message } = await rejection(change)
        const ms = performance.now() - begin
        t.equal(code, 'FST_DBGPT_AUTH_REDIS_REPLICAS')
        t.match(message, `stands on the master, but only ${waitReplicas - 1} of ${waitReplicas} replicas`)
        t.ok(ms > 900 && ms < LATE_MS, `${Math.round(ms)} ms`)
      }
      await fail(store.add(other))
      t.same(store.find(other.digest), other)
      t.ok(await onMaster(other.id))
      // How a client waits is the same for each change, and each takes a second.
      if (!name.startsWith('createClient')) return
      await fail(store.expire(record.id, LATER))
      t.match(store.find(record.digest), { expiresAt: LATER })
      t.match(await onMaster(record.id), LATER.toISOString())
      await fail(store.revoke(record.id))
      t.equal(store.find(record.digest), undefined)
      t.equal(await onMaster(record.id), null)
    })
  }
}

t.test('with replicas, and Sentinel', { skip }, async t => {
  const sentinels = await RedisSentinels.start(t)
  const [master, replica] = sentinels.nodes
  const clients = {
    'createClient of 6': () => createClient({ url: master.url }),
    'createClient of 5': () => createClient5({ url: master.url }),
    'createSentinel of 6': () => createSentinel(sentinels.options),
    'createSentinel of 5': () => createSentinel5(sentinels.options)
  }
  testReplicas(t, { master, replica, waitReplicas: 2, clients })
})

t.test('with a cluster', { skip }, async t => {
  const cluster = await RedisCluster.start(t)
  const [{ master, replica }] = await cluster.shards(KEYS)
  const clients = {
    'createCluster of 6': () => createCluster(cluster.options),
    'createCluster of 5': () => createCluster5(cluster.options)
  }
  testReplicas(t, { master, replica, waitReplicas: 1, clients })
})

t.test('no replica confirms where the client cannot wait for one', async t => {
  const client = { eval: async () => 'done' } as unknown as RedisClient
  const answers = await withReplicas(client, KEYS, 1, async (pinned, confirm) => [
    await pinned.eval('', { keys: [], arguments: [] }), await confirm(1, 1000)
  ])
  t.same(answers, ['done', 0])
})
