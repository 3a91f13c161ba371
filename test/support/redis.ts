import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createClient } from '@redis/client'
import type { Test } from 'tap'
import { createApiKey } from '../../lib/index.ts'
import { RedisKeyStore, type RedisKeyStoreOptions } from '../../lib/stores/redis/store.ts'
import { makeTemporaryFolder } from './files.ts'
import { until } from './until.ts'

/** Why the tests that need a Redis are skipped here; false, they are not. */
export const skip: string | false = hasRedis() ? false : 'there is no redis-server on this machine: apt-get install redis-server'

function hasRedis (): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Finds ports of the loopback interface that are free now. */
export async function freePorts (count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  const ports = []
  for (const server of servers) {
    if (!server.listening) await once(server, 'listening')
    ports.push((server.address() as AddressInfo).port)
  }
  for (const server of servers) {
    server.close()
    await once(server, 'close')
  }
  return ports
}

/** A `redis-server` process of a test's own, on a free port, which ends with the test. */
export class RedisServer {
  readonly port: number
  readonly #folder: string
  readonly #options: readonly string[]
  #process: ChildProcess | undefined

  private constructor (port: number, folder: string, options: readonly string[]) {
    this.port = port
    this.#folder = folder
    this.#options = options
  }

  /**
   * Starts a server.
   *
   * @param t - the test
   * @param options - more options of its command line
   * @param port - another port than a free one
   */
  static async start (t: Test, options: readonly string[] = [], port?: number): Promise<RedisServer> {
    const server = new RedisServer(port ?? (await freePorts(1))[0] as number, await makeTemporaryFolder(t), options)
    t.teardown(async () => await server.kill())
    await server.run()
    return server
  }

  get url (): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /**
   * Starts the process, again if it was killed, and waits until it answers.
   *
   * @param more - options for this time only
   */
  async run (more: readonly string[] = []): Promise<void> {
    // First the test's own, of which the first can be a file, as Sentinel needs one.
    const options = [...this.#options, ...more, '--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder, '--save', '']
    const child = spawn('redis-server', options, { stdio: 'ignore' })
    this.#process = child
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`redis-server has ended with ${child.exitCode}`)
      return await this.send('PING').then(() => true, error => /^(NOAUTH|NOPERM)/.test(error.message))
    })
  }

  /** Ends the process without a chance to tidy up. */
  async kill (): Promise<void> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    child.kill('SIGCONT')
    await once(child, 'exit')
  }

  signal (signal: NodeJS.Signals): void {
    this.#process?.kill(signal)
  }

  /** Sends a command as the default user. */
  async send (...args: string[]): Promise<unknown> {
    const client = createClient({ socket: { port: this.port, host: '127.0.0.1', reconnectStrategy: false }, RESP: 2 })
    client.on('error', () => {})
    await client.connect()
    try {
      return await client.sendCommand(args)
    } finally {
      client.destroy()
    }
  }
}

/** Opens a store whose prefix nobody has used yet, and whose list is empty. */
export async function openEmptyStore (t: Test, options: RedisKeyStoreOptions): Promise<RedisKeyStore> {
  const store = new RedisKeyStore(options)
  const first = createApiKey('the-first-key-of-a-list')
  await store.add(first)
  await store.open()
  t.teardown(async () => await store.close())
  await store.revoke(first.id)
  return store
}
