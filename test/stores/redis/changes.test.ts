import t, { type Test } from 'tap'
import { type ApiKey, type ApiKeyChanges, createApiKey } from '../../../lib/index.ts'
import { RedisKeyStore } from '../../../lib/stores/redis/store.ts'
import { KEY, OTHER_KEY } from '../../support/app.ts'
import { RedisServer, skip } from '../../support/redis.ts'
import { until } from '../../support/until.ts'

const record = createApiKey({ key: KEY, name: 'web', metadata: { plan: 'gold' } })
const other = createApiKey(OTHER_KEY)
const third = createApiKey(`${KEY}3`)
const KEYS = '{dbgpt-auth}:keys'
const CHANGES = '{dbgpt-auth}:changes'

interface Following {
  readonly server: RedisServer
  /** Changes the list. */
  readonly writer: RedisKeyStore
  /** Follows it, as another process does. */
  readonly store: RedisKeyStore
  /** What the follower has told, in words. */
  readonly told: string[]
}

async function follow (t: Test): Promise<Following> {
  const server = await RedisServer.start(t)
  const [writer, store] = [new RedisKeyStore({ url: server.url }), new RedisKeyStore({ url: server.url })]
  await writer.add(record)
  const told: string[] = []
  const ids = (kind: string, keys: readonly ApiKey[]): string[] => keys.map(({ id }) => `${kind} ${id}`)
  store.onChange(({ added, changed, revoked }: ApiKeyChanges) => {
    told.push(...ids('added', added), ...ids('changed', changed), ...ids('revoked', revoked))
  })
  await store.open()
  t.teardown(async () => await store.close())
  return { server, writer, store, told }
}

t.test('changes in Redis', { skip }, async t => {
  t.test('another process\'s changes are told, and none twice', async t => {
    const { writer, store, told } = await follow(t)
    await writer.add(other)
    await until(() => told.length === 1)
    await writer.expire(other.id, new Date(2e12))
    await until(() => told.length === 2)
    await writer.revoke(record.id)
    await until(() => told.length === 3)
    await store.add(third)
    await writer.revoke(third.id)
    await until(() => told.length >= 5)
    t.same(told, [
      `added ${other.id}`, `changed ${other.id}`, `revoked ${record.id}`, `added ${third.id}`, `revoked ${third.id}`
    ])
    t.equal(store.size, 1)
  })

  t.test('what changed while the feed was lost is told once it is back', async t => {
    const { server, writer, told } = await follow(t)
    await writer.add(other)
    await until(() => told.length === 1)
    await server.send('CLIENT', 'KILL', 'TYPE', 'normal')
    await server.send('EVAL', "for _, id in ipairs(ARGV) do redis.call('HDEL', KEYS[1], id) end", '1', KEYS, record.id)
    await writer.add(third)
    await until(() => told.length >= 3)
    t.same(told.slice(1).sort(), [`added ${third.id}`, `revoked ${record.id}`].sort())
  })

  t.test('a record that cannot be read is neither changed nor revoked, before or after the list is read anew', async t => {
    const { server, writer, store, told } = await follow(t)
    const good = JSON.stringify(record)
    const put = async (json: string): Promise<void> => {
      await server.send('HSET', KEYS, record.id, json)
      await server.send('XADD', CHANGES, '*', 'id', record.id)
    }
    const isUnreadable = (): boolean => {
      try {
        return store.find(record.digest) === undefined
      } catch (error) {
        return (error as { code: string }).code === 'FST_DBGPT_AUTH_REDIS_UNREADABLE'
      }
    }
    await put('{}')
    await until(isUnreadable)
    await put(good)
    await until(() => !isUnreadable())
    await put('{}')
    await until(isUnreadable)
    await server.send('CLIENT', 'KILL', 'TYPE', 'normal')
    await writer.add(other)
    await until(() => told.length === 1)
    await put(good)
    await until(() => !isUnreadable())
    await writer.revoke(record.id)
    await until(() => told.length > 1)
    t.same(told, [`added ${other.id}`, `revoked ${record.id}`])
  })

  t.test('changes that are made here while a long list is compared are told as they are in force', async t => {
    const { server, writer, store } = await follow(t)
    await writer.addAll(Array.from({ length: 30_000 }, (_, index) => createApiKey(`${KEY}-${index}`)))
    await until(() => store.size === 30_001)
    const mirror = new Map((await store.list()).map(key => [key.id, key]))
    const wrong: string[] = []
    store.onChange(({ added, changed, revoked }) => {
      for (const { id } of added) if (mirror.has(id)) wrong.push(`added twice ${id}`)
      for (const { id } of [...changed, ...revoked]) if (!mirror.has(id)) wrong.push(`not there ${id}`)
      for (const key of [...added, ...changed]) mirror.set(key.id, key)
      for (const { id } of revoked) mirror.delete(id)
    })
    for (let round = 0; round < 3; round++) {
      await server.send('CLIENT', 'KILL', 'TYPE', 'normal')
      const feed = { isBack: false }
      const waiting = until(async () => { try { return store.find('0'.repeat(64)) === undefined } catch { return false } }).then(() => { feed.isBack = true })
      for (let count = 0; !feed.isBack || count < 20; count++) {
        const key = createApiKey(`${KEY}-${round}-new-${count}`)
        await store.add(key).catch(() => {})
        if (count % 3 === 0) await store.revoke(key.id).catch(() => {})
        if (count % 3 === 1) await store.expire(key.id, new Date(2e12)).catch(() => {})
      }
      await waiting
    }
    const describe = (keys: Iterable<ApiKey>): string[] => [...keys].map(({ id, expiresAt }) => `${id} ${expiresAt?.getTime()}`).sort()
    await until(async () => describe(mirror.values()).join() === describe(await store.list()).join())
    t.same(wrong, [])
  })

  t.test('a list that is not followed is read by several at once, and beside the opening; nothing stays connected', async t => {
    const { server } = await follow(t)
    const connections = async (): Promise<number> => String(await server.send('CLIENT', 'LIST')).trim().split('\n').length
    const before = await connections()
    const store = new RedisKeyStore({ url: server.url })
    const opened = store.open().then(async () => await store.list())
    const lists = await Promise.all([store.list(), store.list(), store.list(), opened])
    for (const list of lists) t.equal(list.length, 1)
    await store.close()
    await until(async () => await connections() === before)
  })
})
