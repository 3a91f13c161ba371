import type { FastifyBaseLogger } from 'fastify'
import { RedisLink } from '../redis/link.ts'

const PREFIX = 'dbgpt-gateway:attempts:'

/** How often something was tried, and for how many milliseconds that counts. */
export interface Count {
  readonly count: number
  readonly rest: number
}

const NONE: Count = { count: 0, rest: 0 }

/** Counts what a fleet has seen of an address, in a Redis; without it, each instance has its own count alone. */
export class SharedAttempts {
  readonly #link: RedisLink
  readonly #windowMs: number

  constructor (url: string, windowMs: number, log: FastifyBaseLogger) {
    this.#link = new RedisLink({ url, name: 'The Redis in which guesses are counted', probe: PREFIX, log })
    this.#windowMs = windowMs
  }

  async open (): Promise<void> {
    await this.#link.open()
  }

  close (): void {
    this.#link.close()
  }

  /**
   * Counts one.
   *
   * @param address - whose
   */
  async add (address: string): Promise<Count> {
    const name = PREFIX + address
    const expiration = { type: 'PX', value: this.#windowMs } as const
    return await this.#link.ask(async client => {
      const [, count, rest] = await Promise.all([
        client.set(name, '0', { condition: 'NX', expiration }), client.incr(name), client.pTTL(name)
      ])
      // It expired between the two commands: what is made anew by counting would stay.
      if (rest < 0) await client.pExpire(name, this.#windowMs)
      return { count, rest: rest < 0 ? this.#windowMs : rest }
    }).catch(() => NONE)
  }

  /**
   * Returns what was counted.
   *
   * @param address - whose
   */
  async read (address: string): Promise<Count> {
    const name = PREFIX + address
    return await this.#link.ask(async client => {
      const [count, rest] = await Promise.all([client.get(name), client.pTTL(name)])
      return { count: Number(count), rest: Math.max(0, rest) }
    }).catch(() => NONE)
  }
}
