import { setImmediate as breathe } from 'node:timers/promises'
import { FST_DBGPT_AUTH_REDIS, FST_DBGPT_AUTH_REDIS_UNCONFIRMED } from './errors.ts'
import type { RedisClient } from './client.ts'
import { explain, isRefusal } from './fault.ts'
import type { Layout, Script } from './layout.ts'

/** How late an answer may be until the connection counts as lost, in milliseconds. */
export const OVERDUE_MS = 1000

/**
 * A connection that serves until its first fault and is then replaced: a client that reconnects by itself, or waits
 * for an answer that never comes, would hide that changes were missed.
 */
export class Connection {
  /** Host and port, for errors. */
  readonly address: string
  readonly #client: RedisClient
  /** What the client has complained of, outside of any command. */
  #complaint: Error | undefined
  #closed = false
  /** Ends the waiting of each command that has no answer yet. */
  readonly #waiting = new Set<(error: Error) => void>()

  /** @param client - not connected yet; it is the connection's own from now on */
  constructor (client: RedisClient) {
    this.#client = client
    this.address = addressOf(client)
    client.on('error', error => { this.#complaint = error })
    // Of one of its servers, as clusters and Sentinel put it.
    client.on('node-error', error => { this.#complaint = error })
    client.on('client-error', ({ error }) => { this.#complaint = error })
    client.on('reconnecting', () => this.#fail(new Error('The connection was lost')))
  }

  /**
   * Connects.
   *
   * @throws `FST_DBGPT_AUTH_REDIS`
   */
  async connect (ms: number): Promise<void> {
    try {
      await this.#within(ms, this.#connect())
    } catch (error) {
      this.close()
      throw new FST_DBGPT_AUTH_REDIS(this.address, explain(this.#complaint ?? error))
    }
  }

  /** Whether nothing speaks against the next command. */
  get sound (): boolean {
    return !this.#closed && this.#complaint === undefined
  }

  /** Lets go of the client; commands that have no answer yet fail. */
  close (): void {
    this.#closed = true
    this.#fail(new Error('The connection is closed'))
    this.#destroy()
  }

  /**
   * Waits for an answer.
   *
   * @throws `FST_DBGPT_AUTH_REDIS`
   */
  async ask<T> (command: (client: RedisClient) => Promise<unknown>, ms = OVERDUE_MS): Promise<T> {
    try {
      return await this.#within(ms, command(this.#client)) as T
    } catch (error) {
      throw new FST_DBGPT_AUTH_REDIS(this.address, explain(error))
    }
  }

  /**
   * Waits for the answer to a change.
   *
   * @throws `FST_DBGPT_AUTH_REDIS` if Redis refuses it, `FST_DBGPT_AUTH_REDIS_UNCONFIRMED` if no answer comes
   */
  async change<T> (command: (client: RedisClient) => Promise<unknown>, ms: number): Promise<T> {
    try {
      return await this.#within(ms, command(this.#client)) as T
    } catch (error) {
      const Fault = isRefusal(error) ? FST_DBGPT_AUTH_REDIS : FST_DBGPT_AUTH_REDIS_UNCONFIRMED
      throw new Fault(this.address, explain(error))
    }
  }

  async #connect (): Promise<void> {
    try {
      await this.#client.connect()
    } finally {
      // One that was given up must not live on because it is connected after all, or in part: Sentinel.
      if (this.#closed) this.#destroy()
    }
  }

  #destroy (): void {
    // Of some clients it throws, of others it rejects, if they are not connected.
    Promise.resolve().then(() => this.#client.destroy()).catch(() => {})
  }

  #fail (error: Error): void {
    for (const fail of this.#waiting) fail(error)
  }

  async #within<T> (ms: number, answer: Promise<T>): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        // It may be there, and this process was too busy to read it.
        breathe().then(() => settle(() => reject(Object.assign(new Error('No answer'), { code: 'ETIMEDOUT' }))))
      }, ms)
      const fail = (error: Error): void => settle(() => reject(error))
      const settle = (end: () => void): void => {
        clearTimeout(timer)
        this.#waiting.delete(fail)
        end()
      }
      this.#waiting.add(fail)
      if (this.#closed) fail(new Error('The connection is closed'))
      answer.then(value => settle(() => resolve(value)), fail)
    })
  }
}

/** Names the server of a client; clusters and Sentinel do not tell. */
function addressOf (client: RedisClient): string {
  const { options } = client as { options?: { socket?: { host?: string, port?: number, path?: string } } }
  const { host, port = 6379, path } = options?.socket ?? {}
  return host === undefined ? path ?? 'the nodes of createClient' : `${host}:${port}`
}

/** Runs a script. */
export async function evaluate (
  client: Pick<RedisClient, 'eval'>, { lua, names }: Script, layout: Layout, args: string[]
): Promise<unknown> {
  return await client.eval(lua, { keys: names.map(name => layout[name]), arguments: args })
}
