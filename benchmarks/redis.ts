import { type ChildProcess, fork, spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createClient } from '@redis/client'
import { createApiKey } from 'fastify-dbgpt-auth'
import { RedisKeyStore } from 'fastify-dbgpt-auth/redis'

// How keys in Redis behave with several instances on one machine: each instance is this program again, as a child.
const REVOCATIONS = 200
const IDLE_S = 10
const LOOK_MS = 1

interface Load {
  readonly ms: number
  readonly bytes: number
  readonly rss: number
}

const digestOf = (index: number): string => hash('sha256', `key ${index}`, 'hex')
/** On the one clock of the machine, in milliseconds. */
const now = (): number => Number(process.hrtime.bigint()) / 1e6

// How many processes, how many keys, and how many of the processes start at once.
const [, , role = '1,4,16', argument = '1000,10000,100000,1000000', group = '16'] = process.argv
if (role === 'instance') await serve(argument)
else await measure(role.split(',').map(Number), argument.split(',').map(Number), Number(group))

/** An instance: opens the store, and says when it sees that a key was revoked. */
async function serve (url: string): Promise<void> {
  const store = new RedisKeyStore({ url })
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  const begin = now()
  await store.open()
  const ms = now() - begin
  globalThis.gc?.()
  process.send?.({ ms, bytes: process.memoryUsage().heapUsed - before, rss: process.memoryUsage().rss })
  let awaited: string | undefined
  process.on('message', (digest: string) => { awaited = digest })
  process.on('disconnect', () => process.exit())
  setInterval(() => {
    if (awaited === undefined || isValid(store, awaited)) return
    awaited = undefined
    process.send?.(now())
  }, LOOK_MS)
}

/** A lost feed, on a busy machine, is no answer. */
function isValid (store: RedisKeyStore, digest: string): boolean {
  try {
    return store.find(digest) !== undefined
  } catch {
    return true
  }
}

async function measure (processes: readonly number[], sizes: readonly number[], atOnce: number): Promise<void> {
  console.log(`Node ${process.version}`)
  const columns = [
    'keys', 'bytes a key, Redis', 'instances', 'load, ms', 'longest', 'bytes a key, heap', 'RSS, MB',
    'refused after, ms', '99th percentile', 'commands a second'
  ]
  console.log(`| ${columns.join(' | ')} |\n|${' ---: |'.repeat(columns.length)}`)
  for (const size of sizes) {
    const redis = await startRedis()
    const store = new RedisKeyStore({ url: redis.url })
    await store.addAll(Array.from({ length: size }, (_, index) =>
      createApiKey({ digest: digestOf(index), name: `client ${index}`, createdAt: new Date(1.7e12 + index) })))
    const bytes = await redis.info('memory', 'used_memory') - redis.empty
    await store.open()
    let next = 0
    for (const count of processes) {
      const instances: ChildProcess[] = []
      const loads: Load[] = []
      while (instances.length < count) {
        const started = Array.from({ length: Math.min(atOnce, count - instances.length) }, () =>
          fork(import.meta.filename, ['instance', redis.url], { execArgv: ['--expose-gc'] }))
        instances.push(...started)
        loads.push(...await Promise.all(started.map(async each => await heard<Load>(each))))
      }
      const commands = await redis.info('stats', 'total_commands_processed')
      await pause(IDLE_S * 1000)
      // The store here follows as well; a script's inner commands are not counted.
      const idle = (await redis.info('stats', 'total_commands_processed') - commands) / IDLE_S / (count + 1)
      const delays = await revoke(store, instances, next)
      next += REVOCATIONS
      for (const each of instances) each.kill()
      const row = [
        size.toLocaleString('en'), bytes / size, count,
        median(loads.map(({ ms }) => ms)), Math.max(...loads.map(({ ms }) => ms)),
        median(loads.map(({ bytes }) => bytes)) / size, median(loads.map(({ rss }) => rss)) / 1e6,
        median(delays).toFixed(1), delays[Math.floor(delays.length * 0.99)]?.toFixed(1), idle.toFixed(1)
      ]
      console.log(`| ${row.map(cell => typeof cell === 'number' ? Math.round(cell) : cell).join(' | ')} |`)
    }
    await store.close()
    await redis.stop()
  }
}

/** Revokes keys one by one; returns the times from the call to what each instance saw, sorted. */
async function revoke (store: RedisKeyStore, instances: readonly ChildProcess[], first: number): Promise<number[]> {
  const delays = []
  for (let index = first; index < first + REVOCATIONS; index++) {
    const digest = digestOf(index)
    for (const each of instances) each.send(digest)
    await pause(5)
    const seen = instances.map(async each => await heard<number>(each))
    const begin = now()
    await store.revoke(digest.slice(0, 16))
    for (const at of await Promise.all(seen)) delays.push(at - begin)
  }
  return sorted(delays)
}

async function heard<T> (instance: ChildProcess): Promise<T> {
  const [message] = await once(instance, 'message')
  return message as T
}

async function startRedis (): Promise<{
  url: string, empty: number, info: (section: string, field: string) => Promise<number>, stop: () => Promise<void>
}> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  const folder = await mkdtemp(join(tmpdir(), 'dbgpt-auth-'))
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '']
  const child = spawn('redis-server', options, { stdio: 'ignore' })
  const client = createClient({ url: `redis://127.0.0.1:${port}` })
  client.on('error', () => {})
  await client.connect()
  const info = async (section: string, field: string): Promise<number> =>
    Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(await client.info(section))?.[1])
  const stop = async (): Promise<void> => {
    client.destroy()
    child.kill()
    await once(child, 'exit')
    await rm(folder, { recursive: true })
  }
  return { url: `redis://127.0.0.1:${port}`, empty: await info('memory', 'used_memory'), info, stop }
}

function sorted (numbers: readonly number[]): number[] {
  return [...numbers].sort((a, b) => a - b)
}

function median (numbers: readonly number[]): number {
  return sorted(numbers)[Math.floor(numbers.length / 2)] as number
}
