import { createClient } from '@redis/client'
import t, { type Test } from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import { Connection } from '../../../lib/stores/redis/connection.ts'
import { type Layout, layoutOf } from '../../../lib/stores/redis/layout.ts'
import { Snapshot, type Source } from '../../../lib/stores/redis/snapshot.ts'
import { RedisKeyStore } from '../../../lib/stores/redis/store.ts'
import { KEY, OTHER_KEY, rejection } from '../../support/app.ts'
import { RedisServer, skip } from '../../support/redis.ts'

const record = createApiKey({ key: KEY, name: 'billing', createdAt: new Date(1e12) })
const other = createApiKey(OTHER_KEY)
let count = 0

t.test('with a Redis', { skip }, async t => {
  const server = await RedisServer.start(t)

  /** Makes a list of one key, and connects to it. */
  const prepare = async (t: Test): Promise<{ source: Source, store: RedisKeyStore, unreadable: string[] }> => {
    const prefix = `test-${++count}`
    const connection = new Connection(createClient({ url: server.url }))
    t.teardown(() => connection.close())
    await connection.connect(2000)
    const unreadable: string[] = []
    const onUnreadable = (id: string, { message }: Error): void => { unreadable.push(id, message) }
    const source = { connection, layout: layoutOf(prefix), onUnreadable }
    const store = new RedisKeyStore({ url: server.url, prefix })
    await store.add(record)
    return { source, store, unreadable }
  }
  const load = async (source: Source): Promise<Snapshot> => {
    const snapshot = new Snapshot()
    await snapshot.load(source)
    return snapshot
  }
  const faultOf = async (promise: Promise<unknown>): Promise<string> => (await rejection(promise)).message

  /** Lets a test do something between an answer of Redis and its being read, or read another one. */
  const onAnswer = ({ connection }: Source, replace: (answer: unknown) => Promise<unknown>): void => {
    const ask = connection.ask.bind(connection)
    connection.ask = async <T>(...args: Parameters<typeof ask>): Promise<T> => await replace(await ask(...args)) as T
  }

  t.test('what is loaded is the whole list, page by page', async t => {
    const { source, store } = await prepare(t)
    const many = Array.from({ length: 2500 }, (_, index) => createApiKey(`key-${index}`))
    t.equal(await store.addAll([...many, record]), many.length)
    const snapshot = await load(source)
    t.equal(snapshot.keys.size, 2501)
    t.same(new Set(snapshot.keys.list().map(({ id }) => id)), new Set([record, ...many].map(({ id }) => id)))
    t.same(snapshot.keys.find(record.digest), record)
    t.equal(snapshot.keys.find(other.digest), undefined)
    t.equal(snapshot.keys.find(record.id), undefined)
  })

  t.test('what changes while the list is read is in it', async t => {
    const { source, store } = await prepare(t)
    await store.add(other)
    let pages = 0
    onAnswer(source, async answer => {
      // The page is read, and then a key of it is revoked.
      if (typeof answer === 'object' && answer !== null && 'cursor' in answer && ++pages === 1) await store.revoke(record.id)
      return answer
    })
    const snapshot = await load(source)
    t.equal(pages, 1)
    t.equal(snapshot.keys.find(record.digest), undefined)
    t.same(snapshot.keys.list(), [other])
  })

  t.test('changes are followed, also more of them than are read at once', async t => {
    const { source, store } = await prepare(t)
    const snapshot = await load(source)
    t.equal(await snapshot.advance(source), false)
    const many = Array.from({ length: 1500 }, (_, index) => createApiKey(`key-${index}`))
    await store.addAll(many)
    await store.expire(record.id, new Date(2e12))
    await store.revoke((many[0] as typeof record).id)
    t.equal(await snapshot.advance(source), true)
    t.equal(await snapshot.advance(source), true)
    t.equal(await snapshot.advance(source), false)
    t.equal(snapshot.keys.size, 1500)
    t.same(snapshot.keys.find(record.digest)?.expiresAt, new Date(2e12))
    t.equal(snapshot.keys.find((many[0] as typeof record).digest), undefined)
  })

  t.test('a wait for a change ends with the change', async t => {
    const { source, store } = await prepare(t)
    const snapshot = await load(source)
    const advancing = snapshot.advance(source, 5000)
    await store.revoke(record.id)
    t.equal(await advancing, true)
    t.equal(snapshot.keys.size, 0)
    t.equal(await snapshot.advance(source, 1), false)
  })

  t.test('without a list, or with one of another format, there is nothing to load', async t => {
    const { source } = await prepare(t)
    const { meta } = source.layout
    await server.send('HSET', meta, 'version', '2')
    t.match(await faultOf(load(source)), /of a format that this version does not know/)
    await server.send('DEL', meta)
    t.match(await rejection(load(source)), {
      code: 'FST_DBGPT_AUTH_REDIS_EMPTY', message: /holds no list of keys, there is no \{test-\d+\}:meta/
    })
  })

  t.test('something else under one of the names is a fault', async t => {
    const { source } = await prepare(t)
    const snapshot = await load(source)
    const { keys, changes, meta } = source.layout
    for (const name of [keys, changes, meta]) {
      await server.send('RENAME', name, 'kept')
      await server.send('SET', name, 'text')
      t.match(await faultOf(load(source)), /something else is stored under the prefix/, name)
      t.match(await faultOf(snapshot.advance(source)), /something else is stored under the prefix/, name)
      await server.send('RENAME', 'kept', name)
    }
    t.equal(await snapshot.advance(source), false)
  })

  const disasters: readonly (readonly [string, (layout: Layout) => string[][]])[] = [
    ['another list of keys is in its place', ({ meta }) => [['HSET', meta, 'epoch', 'another']]],
    ['its log of changes no longer holds the last one', ({ changes }) => [['XADD', changes, 'MAXLEN', '1', '*', 'id', record.id]]],
    ['it has lost a part of its list of keys', ({ changes }) => [['DEL', changes]]],
    ['it has lost a part of its list of keys', ({ keys }) => [['HDEL', keys, record.id]]],
    ['it has lost a part of its list of keys', ({ keys }) => [['DEL', keys]]],
    ['its list holds other keys than its log', ({ keys, changes }) => [['HDEL', keys, record.id], ['XADD', changes, '*', 'id', other.id]]]
  ]
  for (const [message, commands] of disasters) {
    t.test(`a fault: ${message}, ${commands(layoutOf('x')).map(([command, name]) => `${command} ${name}`)}`, async t => {
      const { source, store } = await prepare(t)
      const snapshot = await load(source)
      for (const command of commands(source.layout)) await server.send(...command)
      t.match(await faultOf(snapshot.advance(source)), message)
      t.same(snapshot.keys.find(record.digest), record, 'the old list is as it was')
      await store.add(other)
      const next = await load(source)
      t.same(next.keys.find(other.digest), other, 'a change makes good what is there')
    })
  }

  t.test('ids that are known to have changed are let in no more, if it is not known to what', async t => {
    const { source, store } = await prepare(t)
    await store.add(other)
    const snapshot = await load(source)
    await store.expire(record.id, new Date(2e12))
    onAnswer(source, async answer => {
      source.connection.close()
      return answer
    })
    t.match(await faultOf(snapshot.advance(source)), /the store was closed meanwhile/)
    t.equal(snapshot.keys.find(record.digest), undefined)
    t.ok(snapshot.keys.isUnreadable(record.digest))
    t.same(snapshot.keys.find(other.digest), other)
  })

  t.test('a client that reads from a replica that is behind is a fault', async t => {
    const { source, store } = await prepare(t)
    const snapshot = await load(source)
    await store.revoke(record.id)
    // The log as it was before, and all else as it is.
    onAnswer(source, async answer => Array.isArray(answer) && answer.length === 1 ? null : answer)
    t.equal(await snapshot.advance(source), false, 'the change may just have come')
    t.match(await faultOf(snapshot.advance(source)), /reads from a replica that is behind/)
  })

  t.test('a record that cannot be read is told of, and counts as one', async t => {
    const { source, store, unreadable } = await prepare(t)
    await server.send('HSET', source.layout.keys, other.id, JSON.stringify({ ...record, id: undefined }))
    await server.send('XADD', source.layout.changes, '*', 'id', other.id)
    const snapshot = await load(source)
    t.match(unreadable, [other.id, /record of another id/])
    t.ok(snapshot.keys.isUnreadable(other.digest))
    t.notOk(snapshot.keys.isUnreadable(record.digest))
    t.equal(snapshot.keys.find(other.digest), undefined)
    t.equal(await snapshot.advance(source), false)
    t.same(snapshot.keys.list(), [record])

    await store.revoke(other.id)
    await store.add(other)
    await snapshot.advance(source)
    t.notOk(snapshot.keys.isUnreadable(other.digest))
    t.same(snapshot.keys.find(other.digest), other)

    await server.send('HSET', source.layout.keys, other.id, '{"digest":"PLAIN')
    await server.send('XADD', source.layout.changes, '*', 'id', other.id)
    await server.send('XADD', source.layout.changes, '*', 'unknown', 'field')
    await snapshot.advance(source)
    t.ok(snapshot.keys.isUnreadable(other.digest))
    t.match(unreadable.at(-1), /not valid JSON/)
    t.equal(snapshot.keys.find(other.digest), undefined)
  })

  t.test('a change that is known from elsewhere is made ahead of the log', async t => {
    const { source, store } = await prepare(t)
    const snapshot = await load(source)
    await store.add(other)
    snapshot.apply(await lastPosition(source), other.id, other)
    t.same(snapshot.keys.find(other.digest), other)
    t.equal(await snapshot.advance(source), true)
    t.same(snapshot.keys.find(other.digest), other)
    snapshot.apply('1-0', record.id, undefined)
    t.same(snapshot.keys.find(record.digest), record, 'the list is ahead of it')
    t.equal(await snapshot.advance(source), false)
  })

  t.test('a change that was made ahead of the log is not undone by what was read before it', async t => {
    const { source, store } = await prepare(t)
    const snapshot = await load(source)
    await store.expire(record.id, new Date(2e12))
    let read = false
    onAnswer(source, async answer => {
      if (!read && Array.isArray(answer) && answer.length === 7) {
        read = true
        await store.revoke(record.id)
        snapshot.apply(await lastPosition(source), record.id, undefined)
      }
      return answer
    })
    t.equal(await snapshot.advance(source), true)
    t.equal(snapshot.keys.find(record.digest), undefined)
    t.equal(await snapshot.advance(source), true)
    t.equal(snapshot.keys.find(record.digest), undefined)
    await store.add(record)
    t.equal(await snapshot.advance(source), true)
    t.same(snapshot.keys.find(record.digest), record)
  })

  t.test('a record that has later changes than those that were read is told to be of who made these', async t => {
    const { source, store } = await prepare(t)
    const snapshot = await load(source)
    /** Has somebody else make changes between the reading of a change and that of its record. */
    const told = async (change: () => Promise<unknown>, meanwhile: () => Promise<unknown>): Promise<unknown[]> => {
      await change()
      let isFirst = true
      onAnswer(source, async answer => {
        if (isFirst) await meanwhile()
        isFirst = false
        return answer
      })
      await snapshot.advance(source)
      const seen = snapshot.keys.takeChanges()
      while (await snapshot.advance(source)) { /* until nothing more has changed */ }
      snapshot.keys.takeChanges()
      return [...seen.added, ...seen.changed, ...seen.revoked].map(({ id }) => [id, seen.actors.get(id)])
    }
    const by = (actor: string): { actor: string } => ({ actor })
    const expire = async (actor: string, at: number): Promise<unknown> =>
      await store.expire(record.id, new Date(at), by(actor))
    t.same(await told(() => expire('ann', 2e12), () => expire('bob', 3e12)), [[record.id, 'bob']])
    t.same(await told(() => expire('ann', 4e12), () => store.add(other, by('bob'))), [[record.id, 'ann']], 'of another key')
    const many = Array.from({ length: 1000 }, (_, index) => createApiKey(`key-${index}`))
    t.same(await told(() => expire('ann', 5e12), () => store.addAll(many, by('bob'))), [[record.id, undefined]], 'too many to tell')
    t.same(await told(() => expire('ann', 6e12), () => server.send('XADD', source.layout.changes, '*', 'size', '1002', 'id', record.id)),
      [[record.id, undefined]], 'an older version says nothing of who')
    t.same(await told(() => expire('ann', 7e12), async () => {}), [[record.id, 'ann']])
  })

  const lastPosition = async ({ layout: { changes } }: Source): Promise<string> => {
    const [[position]] = await server.send('XREVRANGE', changes, '+', '-', 'COUNT', '1') as [[string]]
    return position
  }
})
