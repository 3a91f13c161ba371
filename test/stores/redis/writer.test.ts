import t, { type Test } from 'tap'
import { type ApiKey, createApiKey } from '../../../lib/index.ts'
import { clientOf } from '../../../lib/stores/redis/create-client.ts'
import { layoutOf } from '../../../lib/stores/redis/layout.ts'
import { Writer, type WriterOptions } from '../../../lib/stores/redis/writer.ts'
import { KEY, OTHER_KEY } from '../../support/app.ts'
import { until } from '../../support/until.ts'
import { RedisServer, skip } from '../../support/redis.ts'

const record = createApiKey({ key: KEY, name: 'billing' })
const other = createApiKey(OTHER_KEY)
const layout = layoutOf('test')
const DAY_MS = 86_400_000

type Change = Parameters<WriterOptions['onChange']>

interface Prepared {
  readonly server: RedisServer
  readonly writer: Writer
  /** What was told of. */
  readonly changes: readonly Change[]
  readonly more: () => Writer
}

t.test('with a Redis', { skip }, async t => {
  /** Starts a server, and a writer to it. */
  const prepare = async (t: Test, keep = true, waitReplicas = 0): Promise<Prepared> => {
    const server = await RedisServer.start(t)
    const changes: Change[] = []
    const more = (): Writer => {
      const writer = new Writer({
        createClient: clientOf(server.url),
        layout,
        waitReplicas,
        keep: () => keep,
        onChange: (...change) => { changes.push(change) }
      })
      t.teardown(async () => await writer.close())
      return writer
    }
    return { server, writer: more(), changes, more }
  }
  const stored = async (server: RedisServer, { id }: ApiKey): Promise<unknown> => {
    const json = await server.send('HGET', layout.keys, id)
    return typeof json === 'string' ? createApiKey({ ...JSON.parse(json), ...datesOf(JSON.parse(json)) }) : json
  }
  const connections = async (server: RedisServer): Promise<number> =>
    Number(/connected_clients:(\d+)/.exec(String(await server.send('INFO', 'clients')))?.[1]) - 1

  t.test('each change is stored, logged and told of', async t => {
    const { server, writer, changes } = await prepare(t)
    t.equal(await writer.add([record, other]), 2)
    t.equal(await writer.add([record]), 0)
    t.equal(await writer.update(record.id, { expiresAt: new Date(2e12) }), true)
    t.match(await stored(server, record), { ...record, expiresAt: new Date(2e12) })
    t.equal(await writer.revoke(other.id), true)
    t.equal(await stored(server, other), null)
    t.equal(await writer.update(other.id, { expiresAt: new Date(2e12) }), false)
    t.equal(await writer.revoke(other.id), false)

    const log = await server.send('XRANGE', layout.changes, '-', '+') as [string, string[]][]
    const expected = [[record, 1], [other, 2], [record, 2], [other, 1]] as const
    t.match(log.map(([, fields]) => fields), expected.map(([{ id }, size]) => ['id', id, 'size', String(size), 'actor', /@/]))
    t.same(changes.map(([position]) => position), [1, 1, 2, 3].map(index => log[index]?.[0]))
    t.same(changes.map(([, id]) => id), [record, other, record, other].map(({ id }) => id))
    t.match(changes.map(([, , made]) => made), [record, other, { id: record.id, expiresAt: new Date(2e12) }, undefined])
    t.match(await server.send('HGETALL', layout.meta), ['version', '1', 'epoch', /^[0-9a-f-]{36}$/])
  })

  t.test('what is stored holds no text of a key, and is small', async t => {
    const { server, writer } = await prepare(t)
    await writer.add([record])
    t.equal(await server.send('HGET', layout.keys, record.id), JSON.stringify(record))
    t.notOk(JSON.stringify(await server.send('HGETALL', layout.keys)).includes(KEY))
  })

  t.test('of many keys, each is added once; the log keeps about the last 10,000', async t => {
    const { server, writer } = await prepare(t)
    const many = Array.from({ length: 12_000 }, (_, index) => createApiKey(`key-${index}`))
    t.equal(await writer.add(many.slice(0, 1200)), 1200)
    t.equal(await writer.add(many), many.length - 1200)
    t.equal(await server.send('HLEN', layout.keys), many.length)
    const length = Number(await server.send('XLEN', layout.changes))
    t.ok(length >= 10_000 && length < 10_200, String(length))
  })

  t.test('writers at once: each change is made, and nothing comes back', async t => {
    const { server, writer, more } = await prepare(t)
    const writers = Array.from({ length: 4 }, more)
    const keys = Array.from({ length: 20 }, (_, index) => createApiKey(`key-${index}`))
    const added = await Promise.all(writers.flatMap(each => keys.map(async key => await each.add([key]))))
    t.equal(added.reduce((sum, count) => sum + count), keys.length)

    const expired = await Promise.all(writers.flatMap((each, index) =>
      keys.map(async ({ id }) => await each.update(id, { expiresAt: new Date(2e12 + index * DAY_MS) }))))
    t.ok(expired.every(Boolean))

    const [revoked] = await Promise.all([
      Promise.all(keys.map(async ({ id }) => await writer.revoke(id))),
      Promise.all(writers.flatMap(each => keys.map(async ({ id }) => await each.update(id, { expiresAt: new Date(3e12) }))))
    ])
    t.ok(revoked.every(Boolean))
    t.equal(await server.send('HLEN', layout.keys), 0)
  })

  t.test('where the memory is full, nothing is added, and revoking works', async t => {
    const { server, writer } = await prepare(t)
    await writer.add([record, createApiKey('another')])
    const before = await server.send('XLEN', layout.changes)
    await server.send('CONFIG', 'SET', 'maxmemory', '1')
    const full = { code: 'FST_DBGPT_AUTH_REDIS', message: /its memory is full, nothing was changed \(OOM\)/ }
    await t.rejects(writer.add([other]), full)
    await t.rejects(writer.update(record.id, { expiresAt: new Date(2e12) }), full)
    t.equal(await server.send('HLEN', layout.keys), 2)
    t.equal(await server.send('XLEN', layout.changes), before)
    t.equal(await writer.revoke(record.id), true)
    t.equal(await server.send('HLEN', layout.keys), 1)
    t.equal(await server.send('XLEN', layout.changes), Number(before) + 1)
  })

  t.test('a change that cannot be logged is not made', async t => {
    const { server, writer } = await prepare(t)
    await writer.add([record])
    const json = await server.send('HGET', layout.keys, record.id)
    await server.send('RENAME', layout.changes, 'kept')
    await server.send('SET', layout.changes, 'text')
    const wrong = { code: 'FST_DBGPT_AUTH_REDIS', message: /WRONGTYPE/ }
    await t.rejects(writer.add([other]), wrong)
    await t.rejects(writer.update(record.id, { expiresAt: new Date(2e12) }), wrong)
    await t.rejects(writer.revoke(record.id), wrong)
    t.same(await server.send('HGETALL', layout.keys), [record.id, json])
  })

  t.test('a change stands that Redis made before it was lost', async t => {
    const { server, writer } = await prepare(t, true, 1)
    await t.rejects(writer.add([record]), { code: 'FST_DBGPT_AUTH_REDIS_REPLICAS', cause: undefined })
    const revoking = t.rejects(writer.revoke(record.id), {
      code: 'FST_DBGPT_AUTH_REDIS_REPLICAS', cause: { code: 'FST_DBGPT_AUTH_REDIS_UNCONFIRMED' }
    })
    await until(async () => /cmd=wait/.test(String(await server.send('CLIENT', 'LIST'))))
    await server.kill()
    await revoking
  })

  t.test('a list of another format is not written to, one that cannot be read only to revoke', async t => {
    const { server, writer } = await prepare(t)
    await writer.add([record])
    await server.send('HSET', layout.keys, record.id, '{}')
    await t.rejects(writer.update(record.id, { expiresAt: new Date(2e12) }), { code: 'FST_DBGPT_AUTH_KEY_INVALID' })
    t.equal(await writer.revoke(record.id), true)
    await server.send('HSET', layout.meta, 'version', '2')
    await t.rejects(writer.add([other]), { code: 'FST_DBGPT_AUTH_REDIS', message: /format/ })
    await t.rejects(writer.update(other.id, { expiresAt: new Date(2e12) }), { code: 'FST_DBGPT_AUTH_REDIS', message: /format/ })
  })

  t.test('a connection is kept while it is good, or else lasts for one use', async t => {
    const { server, writer } = await prepare(t)
    await Promise.all([writer.add([record]), writer.add([other])])
    t.equal(await connections(server), 1)
    await server.send('CLIENT', 'KILL', 'TYPE', 'normal')
    await until(async () => await connections(server) === 0)
    t.equal(await writer.revoke(record.id), true)
    t.equal(await connections(server), 1)
    await writer.close()
    await until(async () => await connections(server) === 0)

    const { server: another, writer: single } = await prepare(t, false)
    await Promise.all([single.add([record]), single.add([other]), single.update(record.id, { expiresAt: new Date(2e12) })])
    await until(async () => await connections(another) === 0)
  })

  t.test('closing lets what is under way finish', async t => {
    const { server, writer } = await prepare(t)
    const adding = writer.add([record])
    await writer.close()
    t.equal(await adding, 1)
    await until(async () => await connections(server) === 0)
    await writer.close()
  })

  t.test('without an answer nobody knows whether a change was made, and without a connection it was not', async t => {
    const { server, writer } = await prepare(t)
    await writer.add([record])
    server.signal('SIGSTOP')
    const revoking = t.rejects(writer.revoke(record.id), {
      code: 'FST_DBGPT_AUTH_REDIS_UNCONFIRMED', message: /may have been made or not/
    })
    await server.kill()
    await revoking
    await t.rejects(writer.revoke(record.id), { code: 'FST_DBGPT_AUTH_REDIS', message: /nothing listens there/ })
    await writer.close()
    await server.run()
    t.equal(await writer.add([record]), 1)
  })
})

function datesOf ({ expiresAt }: { expiresAt?: string }): { expiresAt?: Date } {
  return expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt) }
}
