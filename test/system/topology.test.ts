import { createCluster, createSentinel } from '@redis/client'
import { createCluster as createCluster5, createSentinel as createSentinel5 } from 'redis-client-5'
import t, { type Test } from 'tap'
import { createApiKey } from '../../lib/index.ts'
import { type RedisClient, RedisKeyStore } from '../../lib/stores/redis/store.ts'
import { KEY, MARKER, OTHER_KEY } from '../support/app.ts'
import { until } from '../support/until.ts'
import { askProgram, makePackageFolder, snippetsOf } from '../support/documentation.ts'
import { openEmptyStore, type RedisServer, skip } from '../support/redis.ts'
import { isInSync, isMaster, RedisCluster, RedisSentinels } from '../support/redis-cluster.ts'
import { testKeyStore } from '../stores/contract.ts'

const PREFIX = 'test'
const KEYS = `{${PREFIX}}:keys`
const record = createApiKey({ key: KEY, name: 'billing' })
const other = createApiKey(OTHER_KEY)
const revoked = createApiKey('a-key-that-is-revoked')
let count = 0

/** Makes an open store with a list of its own, which is empty. */
async function makeStore (t: Test, createClient: () => RedisClient): Promise<RedisKeyStore> {
  return await openEmptyStore(t, { createClient, prefix: `${PREFIX}-${++count}` })
}

/** Asks a store for a key; `lost` is that it cannot tell whether the key is new. */
function ask (store: RedisKeyStore, { digest }: { digest: string }): 'known' | 'unknown' | 'lost' {
  try {
    return store.find(digest) === undefined ? 'unknown' : 'known'
  } catch (error) {
    if ((error as { code?: string }).code === 'FST_DBGPT_AUTH_REDIS_FEED_LOST') return 'lost'
    throw error
  }
}

/**
 * Takes a master away from two open stores, which are asked all the time.
 *
 * @param t - the test
 * @param createClient - for the stores
 * @param fail - takes it away
 * @param isOver - whether another one has taken its place
 */
async function survive (
  t: Test, createClient: () => RedisClient, fail: () => unknown, isOver: () => Promise<boolean>
): Promise<void> {
  const admin = new RedisKeyStore({ createClient, prefix: PREFIX, waitReplicas: 1 })
  const [one, two] = [1, 2].map(() => new RedisKeyStore({ createClient, prefix: PREFIX })) as [RedisKeyStore, RedisKeyStore]
  const stores = [one, two]
  t.teardown(async () => await Promise.all(stores.map(async store => await store.close())))
  await admin.addAll([record, other, revoked])
  await Promise.all(stores.map(async store => await store.open()))
  // From now on this store keeps a connection for changes as well.
  await one.expire(other.id, new Date(2e12))
  await admin.revoke(revoked.id)
  await until(() => stores.every(store => ask(store, revoked) === 'unknown'))

  const begin = performance.now()
  const [known, unknown] = [new Set<string>(), new Set<string>()]
  let [lost, back] = [NaN, NaN]
  const watch = setInterval(() => {
    for (const store of stores) {
      known.add(ask(store, record))
      unknown.add(ask(store, revoked))
    }
    if (!stores.some(store => ask(store, revoked) === 'lost')) return
    back = Math.round(performance.now() - begin)
    lost ||= back
  }, 5)
  t.teardown(() => clearInterval(watch))
  await fail()
  await until(isOver, 30)
  const over = Math.round(performance.now() - begin)
  await until(() => stores.every(store => ask(store, revoked) === 'unknown'))
  t.comment(`lost after ${lost} ms; another master after ${over} ms; back ${back - over} ms after that`)

  t.equal(await one.revoke(other.id), true)
  await until(() => ask(two, other) === 'unknown')
  t.same(await admin.list(), [record])
  t.same([...known], ['known'], 'a good key is never refused')
  t.notOk(unknown.has('known'), 'a revoked key is never let in')
  clearInterval(watch)
  await Promise.all(stores.map(async store => await store.close()))
  await until(() => !process.getActiveResourcesInfo().includes('TCPSocketWrap'))
}

/** Counts a use, which another store is told of. */
async function testUsage (t: Test, createClient: () => RedisClient): Promise<void> {
  const store = await makeStore(t, createClient)
  await store.add(record)
  store.countUse(record)
  await store.close()
  const another = new RedisKeyStore({ createClient, prefix: `${PREFIX}-${count}` })
  t.match((await another.usage([record])).get(record.id), { count: 1 })
}

/** The program of docs/scaling.md that makes its client so. */
async function programFor (maker: string): Promise<string> {
  const [program, ...others] = (await snippetsOf('docs/scaling.md', 'js')).filter(({ code }) => code.includes(`${maker}(`))
  if (program === undefined || others.length > 0) throw new Error(`one program should use ${maker}`)
  return program.code
}

t.test('with a cluster', { skip }, async t => {
  const cluster = await RedisCluster.start(t)
  const createClient = (): RedisClient => createCluster(cluster.options)

  t.test('@redis/client 6', async t => testKeyStore(t, async t => await makeStore(t, createClient)))
  t.test('@redis/client 5', async t => testKeyStore(t, async t => await makeStore(t, () => createCluster5(cluster.options))))
  t.test('uses are written', async t => await testUsage(t, createClient))

  t.test('the program of docs/scaling.md for a cluster runs, and guards', async t => {
    await new RedisKeyStore({ createClient }).add(record)
    const code = await programFor('createCluster')
    const program = code.replace(/rootNodes: .*/, `rootNodes: ${JSON.stringify(cluster.options.rootNodes)},`)
    t.same(await askProgram(program, await makePackageFolder(t), { key: KEY }), [404, 401])
  })

  t.test('a client of one node says that it is one, where the keys are on another', async t => {
    const [, { master }] = await cluster.shards(KEYS)
    const store = new RedisKeyStore({ url: master.url, prefix: PREFIX })
    const moved = { code: 'FST_DBGPT_AUTH_REDIS', message: /it is a node of a cluster, and the keys are on another one \(MOVED\)/ }
    await t.rejects(store.open(), moved)
    await t.rejects(store.add(record), moved)
  })

  t.test('the loss of a master with other keys is survived', async t => {
    const [, { master, replica }] = await cluster.shards(KEYS)
    await survive(t, createClient, async () => await master.kill(), async () => await isMaster(replica))
  })

  t.test('the loss of the master with the keys is survived', async t => {
    const [{ master, replica }] = await cluster.shards(KEYS)
    await survive(t, createClient, async () => await master.kill(), async () => await isMaster(replica))
  })
})

t.test('with Sentinel', { skip }, async t => {
  const sentinels = await RedisSentinels.start(t)
  const createClient = (): RedisClient => createSentinel(sentinels.options)

  t.test('@redis/client 6', async t => testKeyStore(t, async t => await makeStore(t, createClient)))
  t.test('@redis/client 5', async t => testKeyStore(t, async t => await makeStore(t, () => createSentinel5(sentinels.options))))
  t.test('uses are written', async t => await testUsage(t, createClient))

  t.test('the program of docs/scaling.md for Sentinel runs, and guards', async t => {
    await new RedisKeyStore({ createClient }).add(record)
    const { name, sentinelRootNodes } = sentinels.options
    const program = (await programFor('createSentinel')).replace('\'mymaster\'', JSON.stringify(name))
      .replace(/sentinelRootNodes: .*\]/, `sentinelRootNodes: ${JSON.stringify(sentinelRootNodes)}`)
    t.same(await askProgram(program, await makePackageFolder(t), { key: KEY }), [404, 401])
  })

  t.test('a name that Sentinels do not know, and a password that the master does not, are told', async t => {
    const say = async (options: object, message: RegExp): Promise<void> => {
      for (const create of [createSentinel, createSentinel5 as unknown as typeof createSentinel]) {
        const store = new RedisKeyStore({ createClient: () => create({ ...sentinels.options, ...options }), prefix: PREFIX })
        await t.rejects(store.open(), { code: 'FST_DBGPT_AUTH_REDIS', message })
      }
    }
    await say({ name: 'other' }, /its Sentinels know no master of this name/)
    const { nodeClientOptions } = sentinels.options
    await say({ nodeClientOptions: { ...nodeClientOptions, username: 'x', password: MARKER } }, /it refuses the user name or password \(WRONGPASS\)/)
  })

  for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
    t.test(`a master that gets a ${signal} is survived`, async t => {
      const master = await sentinels.master() as RedisServer
      await until(async () => await isInSync(master, signal === 'SIGKILL' ? 2 : 1))
      const isOver = async (): Promise<boolean> => ![undefined, master].includes(await sentinels.master())
      await survive(t, createClient, () => master.signal(signal), isOver)
    })
  }
})
