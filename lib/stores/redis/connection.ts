import { setImmediate as breathe } from 'node:timers/promises'
import { FST_DBGPT_AUTH_REDIS, FST_DBGPT_AUTH_REDIS_UNCONFIRMED } from './errors.ts'
import type { RedisClient } from './client.ts'
import { explain, isRefusal, moreTelling } from './fault.ts'
import { OwnedClient } from './owned-client.ts'

/** How late an answer may be until the connection counts as lost, in milliseconds. */
export const OVERDUE_MS = 1000

/**
 * A connection that serves until its first fault and is then replaced: a client that reconnects by itself, or waits
 * for an answer that never comes, would hide that changes were missed.
 */
export class Connection {
  /** Host and port, for errors. */
  readonly address: string
  readonly #owned: OwnedClient
  /** How it connects, until the first answer. */
  #untried: 'plain' | 'tls' | undefined
  #closed = false
  /** Ends the waiting of each command that has no answer yet. */
  readonly #waiting = new Set<(error: unknown) => void>()

  /**
   * @param client - not connected yet; it is the connection's own from now on
   * @param isTried - whether such a client has had answers before
   */
  constructor (client: RedisClient, isTried = false) {
    this.#owned = new OwnedClient(client, error => this.#fail(error))
    this.address = this.#owned.address
    if (!isTried) this.#untried = this.#owned.tls ? 'tls' : 'plain'
  }

  /**
   * Connects.
   *
   * @throws `FST_DBGPT_AUTH_REDIS`
   */
  async connect (ms: number): Promise<void> {
    try {
      await this.#within(ms, this.#owned.connect())
    } catch (error) {
      this.close()
      throw new FST_DBGPT_AUTH_REDIS(this.address, this.#explain(error))
    }
    if (this.#untried === 'tls') this.#untried = undefined // with a client of RESP 2, the other remains to be seen
  }

  /** Whether nothing speaks against the next command. */
  get sound (): boolean {
    return !this.#closed && this.#owned.complaint === undefined
  }

  /** Lets go of the client; commands that have no answer yet fail. */
  close (): void {
    this.#closed = true
    this.#fail(faultOf('ECANCELED'))
    this.#owned.destroy()
  }

  /**
   * Does nothing, unless it was closed.
   *
   * @throws `FST_DBGPT_AUTH_REDIS`
   */
  assertOpen (): void {
    if (this.#closed) throw new FST_DBGPT_AUTH_REDIS(this.address, this.#explain(faultOf('ECANCELED')))
  }

  /**
   * Waits for an answer.
   *
   * @throws `FST_DBGPT_AUTH_REDIS`
   */
  async ask<T> (command: (client: RedisClient) => Promise<unknown>, ms = OVERDUE_MS): Promise<T> {
    try {
      return await this.#answer(command, ms) as T
    } catch (error) {
      throw new FST_DBGPT_AUTH_REDIS(this.address, this.#explain(error))
    }
  }

  /**
   * Waits for the answer to a change.
   *
   * @throws `FST_DBGPT_AUTH_REDIS` if Redis refuses it, `FST_DBGPT_AUTH_REDIS_UNCONFIRMED` if no answer comes
   */
  async change<T> (command: (client: RedisClient) => Promise<unknown>, ms: number): Promise<T> {
    try {
      return await this.#answer(command, ms) as T
    } catch (error) {
      const Fault = isRefusal(error) ? FST_DBGPT_AUTH_REDIS : FST_DBGPT_AUTH_REDIS_UNCONFIRMED
      throw new Fault(this.address, this.#explain(error))
    }
  }

  async #answer (command: (client: RedisClient) => Promise<unknown>, ms: number): Promise<unknown> {
    const answer = await this.#within(ms, command(this.#owned.client))
    this.#untried = undefined
    return answer
  }

  #explain (error: unknown): string {
    return explain(moreTelling(this.#owned.complaint, error), this.#untried)
  }

  #fail (error: unknown): void {
    for (const fail of this.#waiting) fail(error)
  }

  async #within<T> (ms: number, answer: Promise<T>): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        // It may be there, and this process was too busy to read it.
        breathe().then(() => settle(() => reject(faultOf('ETIMEDOUT'))))
      }, ms)
      const fail = (error: unknown): void => settle(() => reject(error))
      const settle = (end: () => void): void => {
        clearTimeout(timer)
        this.#waiting.delete(fail)
        end()
      }
      this.#waiting.add(fail)
      if (this.#closed) fail(faultOf('ECANCELED'))
      answer.then(value => settle(() => resolve(value)), fail)
    })
  }
}

function faultOf (code: 'ECANCELED' | 'ECONNRESET' | 'ETIMEDOUT'): Error {
  return Object.assign(new Error(code), { code })
}
