import { Agent } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'
import { statusOf } from './status.ts'

/** How long a client pauses between its requests: the machine must not be what is measured. */
const PAUSE_MS = 5

/** Which keys are asked with: those in the list, others, and those that were in it. */
export type Kind = 'good' | 'unknown' | 'revoked'

export interface Answer {
  readonly status: number
  readonly sentAt: number
  readonly at: number
}

/** A client of one server: asks over one connection, one request after the other, and remembers every answer. */
export class Client {
  readonly kind: Kind
  readonly answers: Answer[] = []
  readonly #ended: Promise<void>
  #over = false

  /**
   * Starts to ask.
   *
   * @param t - the test, with which it stops
   * @param url - the server
   * @param kind - which keys it asks with
   * @param pick - picks one; undefined, there is none to ask with yet
   */
  constructor (t: Test, url: string, kind: Kind, pick: () => string | undefined) {
    this.kind = kind
    this.#ended = this.#ask(url, pick)
    this.#ended.catch(() => {}) // it is waited for at the end
    t.teardown(async () => await this.stop())
  }

  /** Stops; throws if it could not go on before. */
  async stop (): Promise<void> {
    this.#over = true
    await this.#ended
  }

  async #ask (url: string, pick: () => string | undefined): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    while (!this.#over) {
      const key = pick()
      const sentAt = performance.now()
      if (key !== undefined) this.answers.push({ status: await statusOf(url, key, agent), sentAt, at: performance.now() })
      await pause(PAUSE_MS)
    }
    agent.destroy()
  }
}
