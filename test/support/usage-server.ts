import { Agent } from 'node:http'
import type { Test } from 'tap'
import { listening } from './demo-server.ts'
import { Program } from './process.ts'
import { statusOf } from './status.ts'

const SERVER = `
import Fastify from 'fastify'
import dbgptAuth, { FileKeyStore } from 'fastify-dbgpt-auth'
import { RedisKeyStore } from 'fastify-dbgpt-auth/redis'

const { REDIS_URL: url, KEY_FILE: file, INTERVAL_MS } = process.env
const usageIntervalMs = Number(INTERVAL_MS)
const keys = url === undefined ? new FileKeyStore(file, { usageIntervalMs }) : new RedisKeyStore({ url, usageIntervalMs })
const app = Fastify({ logger: { level: 'warn', stream: process.stderr } })
await app.register(dbgptAuth, { keys, usage: true })
app.get('/v1/models', async () => ({ object: 'list', data: [] }))
const address = await app.listen({ host: '127.0.0.1', port: 0 })
process.once('SIGTERM', () => app.close())
console.log('Listening on ' + address)
`

/** A server that counts usage, and a client that asks it over and over. */
export class UsageServer {
  readonly program: Program
  /** How often each key was let in, as far as there were answers. */
  readonly answered = new Map<string, number>()
  /** How many requests there were whose answers did not come. */
  lost = 0
  readonly #keys: readonly string[]
  #asking: Promise<void> | undefined
  #stopping = false

  /** @param env - `REDIS_URL` or `KEY_FILE`, and `INTERVAL_MS` */
  constructor (t: Test, env: Readonly<Record<string, string>>, keys: readonly string[]) {
    const cwd = t.testdir({ 'server.mjs': SERVER })
    this.program = new Program(t, `${cwd}/server.mjs`, { cwd, env })
    this.#keys = keys
    t.teardown(async () => await this.stop())
  }

  get total (): number {
    return [...this.answered.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Begins to ask. */
  async start (): Promise<void> {
    const url = await listening(this.program)
    this.#stopping = false
    this.#asking = this.#ask(url)
  }

  /** Stops asking, once the last answer is there. */
  async stop (): Promise<void> {
    this.#stopping = true
    await this.#asking
  }

  async #ask (url: string): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let turn = 0; !this.#stopping; turn++) {
      const key = this.#keys[turn % this.#keys.length] as string
      const status = await statusOf(url, key, agent).catch(() => undefined)
      if (status === undefined) {
        this.lost++
        break
      }
      if (status === 200) this.answered.set(key, (this.answered.get(key) ?? 0) + 1)
    }
    agent.destroy()
  }
}
