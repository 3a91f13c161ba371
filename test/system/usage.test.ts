import { readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { createApiKey, FileKeyStore, type ManagedKeyStore } from '../../lib/index.ts'
import { RedisKeyStore } from '../../lib/stores/redis/store.ts'
import { makeTemporaryFolder } from '../support/files.ts'
import { makeKey } from '../support/keys.ts'
import { RedisServer, skip } from '../support/redis.ts'
import { logOf } from '../support/server-log.ts'
import { until } from '../support/until.ts'
import { UsageServer } from '../support/usage-server.ts'

const SERVERS = 4
const KEYS = 10
const INTERVAL_MS = 400

const texts = Array.from({ length: KEYS }, makeKey)
const records = texts.map(text => createApiKey(text))

/**
 * Puts four servers on a store under load, kills one, ends the others, and compares what is counted with what was
 * answered.
 *
 * @returns how many milliseconds the servers ran at most
 */
async function countUnderLoad (t: Test, store: ManagedKeyStore, env: Record<string, string>): Promise<number> {
  const stored = async (): Promise<number> => {
    return [...(await store.usage()).values()].reduce((sum, { count }) => sum + count, 0)
  }
  const all = { ...env, INTERVAL_MS: String(INTERVAL_MS) }
  const servers = Array.from({ length: SERVERS }, () => new UsageServer(t, all, texts))
  const [killed, ...others] = servers as [UsageServer, ...UsageServer[]]
  const answered = (): number => servers.reduce((sum, { total }) => sum + total, 0)
  const begin = performance.now()
  await Promise.all(servers.map(async server => await server.start()))

  await until(() => servers.every(({ total }) => total > 50))
  const [soFar, byKilled] = [answered(), killed.total]
  await until(async () => await stored() >= soFar)
  await until(() => killed.total > byKilled)
  killed.program.kill('SIGKILL')
  await killed.stop()
  await until(() => others.every(({ total }) => total > 100))
  for (const server of others) await server.stop()
  await until(async () => await stored() >= others.reduce((sum, { total }) => sum + total, 0))
  for (const { program } of others) {
    program.kill('SIGTERM')
    t.match(await program.exit, { code: 0 })
    t.same(logOf(program), [], 'nothing is warned of')
  }
  const ms = performance.now() - begin

  const usage = await store.usage()
  for (const text of texts) {
    const { id } = createApiKey(text)
    const { count = 0 } = usage.get(id) ?? {}
    const exact = others.reduce((sum, { answered }) => sum + (answered.get(text) ?? 0), 0)
    const most = exact + (killed.answered.get(text) ?? 0) + killed.lost
    t.ok(count >= exact && count <= most, `of ${id} ${count} are counted, at least ${exact} and at most ${most}`)
  }
  t.ok(await stored() >= soFar, 'the killed one lost nothing that it had before its last interval')
  t.comment(`${await stored()} uses of ${answered()} are counted, ${answered() - await stored()} were lost with the one that was killed`)
  return ms
}

t.test('four servers on one Redis count exactly, but for what one had in memory that is killed', { skip }, async t => {
  const redis = await RedisServer.start(t)
  const store = new RedisKeyStore({ url: redis.url })
  await store.addAll(records)
  await redis.send('CONFIG', 'RESETSTAT')
  const ms = await countUnderLoad(t, store, { REDIS_URL: redis.url })
  const stats = String(await redis.send('INFO', 'commandstats'))
  const writes = Number(/cmdstat_hset:calls=(\d+)/.exec(stats)?.[1])
  const most = SERVERS * (Math.ceil(ms / INTERVAL_MS) + 2)
  t.ok(writes > 0 && writes <= most, `${writes} HSET of at most ${most}: one an interval and server, whatever the number of keys`)
  t.comment(`${writes} HSET in ${(ms / INTERVAL_MS).toFixed(1)} intervals, by ${SERVERS} servers, of ${KEYS} keys`)
})

t.test('four servers on one file count exactly, and nobody touches the keys', async t => {
  const file = join(await makeTemporaryFolder(t), 'keys.json')
  const store = new FileKeyStore(file)
  await store.addAll(records)
  const look = async (): Promise<unknown[]> => {
    const { ino, mtimeNs, ctimeNs, size } = await stat(file, { bigint: true })
    return [ino, mtimeNs, ctimeNs, size]
  }
  const before = await look()
  await countUnderLoad(t, store, { KEY_FILE: file })
  t.same(await look(), before)
  const names = await readdir(dirname(file))
  t.same(names.filter(name => !/^keys\.json(\.usage|\.history)?(\.lock)?(\..*\.tmp)?$/.test(name)), [])
})
