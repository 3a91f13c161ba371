import { setTimeout as pause } from 'node:timers/promises'
import { createClient } from '@redis/client'
import type { FastifyBaseLogger } from 'fastify'
import { explain, RedisFault, refusalOf, within } from './fault.ts'

/** How long an answer may take, and a connection until it is there, in milliseconds. */
const ANSWER_MS = 1000
const CONNECT_MS = 2000
/** How often a connection is tried, in milliseconds. */
const HEARTBEAT_MS = 1000
const REFUSALS_MS = 60_000
const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 500

type Client = ReturnType<typeof makeClient>

export interface RedisLinkOptions {
  readonly url: string
  /** What it is, for the log. */
  readonly name: string
  /** A name in it that its user may read, which is looked at to see whether it answers. */
  readonly probe: string
  /** Told when it is lost, when it is back, and what it refuses. */
  readonly log: FastifyBaseLogger
}

/**
 * A connection to a Redis that is given up at its first fault, be it an answer that does not come, and made anew: a
 * client that reconnects by itself does not notice that its server hangs.
 */
export class RedisLink {
  readonly #options: RedisLinkOptions
  readonly #closing = new AbortController()
  #client: Client | undefined
  /** Gives up the client at hand. */
  #lose: ((error: unknown) => void) | undefined
  /** When it was last logged what it refuses. */
  readonly #refusals = new Map<string, number>()
  /** Why there is no connection, as last logged; undefined while there is one. */
  #reason: string | undefined

  constructor (options: RedisLinkOptions) {
    this.#options = options
  }

  /** Connects; where that fails it resolves as well, and is tried again from then on. */
  async open (): Promise<void> {
    await new Promise<void>(resolve => { this.#keep(resolve) })
  }

  close (): void {
    this.#closing.abort()
    this.#lose?.(new Error('The connection is closed'))
  }

  /**
   * Waits for an answer, for a second.
   *
   * @throws {@link RedisFault}
   */
  async ask<T> (command: (client: Client) => Promise<T>): Promise<T> {
    const [client, lose] = [this.#client, this.#lose]
    if (client === undefined) throw new RedisFault('it cannot be reached')
    try {
      return await within(ANSWER_MS, command(client))
    } catch (error) {
      const reason = explain(error)
      if (refusalOf(error) === undefined) lose?.(error)
      else this.#tellRefusal(reason)
      throw new RedisFault(reason)
    }
  }

  async #keep (onFirst: () => void): Promise<void> {
    const { signal } = this.#closing
    for (let attempt = 0; !signal.aborted; attempt++) {
      await this.#serve(() => {
        attempt = 0
        onFirst()
      }).catch(error => { if (!signal.aborted) this.#tellLost(explain(error)) })
      onFirst()
      // For a random time, so that a fleet does not come back all at once.
      const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt)
      await pause(longest * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {})
    }
  }

  /** Serves with one client, until its first fault. */
  async #serve (onReady: () => void): Promise<never> {
    const { url, probe } = this.#options
    const client = makeClient(url)
    const lost = new AbortController()
    const lose = (error: unknown): void => {
      this.#client = undefined
      lost.abort(error)
      client.destroy()
    }
    this.#lose = lose
    client.on('error', lose)
    const connecting = client.connect()
    try {
      await within(CONNECT_MS, connecting)
      await within(ANSWER_MS, client.get(probe))
      lost.signal.throwIfAborted()
      this.#client = client
      this.#tellBack()
      onReady()
      for (;;) {
        await pause(HEARTBEAT_MS, undefined, { signal: lost.signal })
        await within(ANSWER_MS, client.get(probe))
      }
    } catch (error) {
      const reason = lost.signal.reason ?? error
      lose(reason)
      // One that was given up must not live on because it is connected after all.
      connecting.then(() => client.destroy(), () => {})
      throw reason
    }
  }

  /** Once a minute, for whoever asks is refused. */
  #tellRefusal (reason: string): void {
    const now = performance.now()
    if (now - (this.#refusals.get(reason) ?? -Infinity) < REFUSALS_MS) return
    this.#refusals.set(reason, now)
    this.#options.log.error(`${this.#options.name} refuses: ${reason}`)
  }

  #tellLost (reason: string): void {
    if (this.#reason !== reason) this.#options.log.error(`${this.#options.name} is lost: ${reason}`)
    this.#reason = reason
  }

  #tellBack (): void {
    if (this.#reason !== undefined) this.#options.log.info(`${this.#options.name} is back`)
    this.#reason = undefined
  }
}

function makeClient (url: string) {
  return createClient({
    url,
    RESP: 2,
    disableClientInfo: true, // no command that an access control list would have to name
    disableOfflineQueue: true,
    socket: { reconnectStrategy: false, connectTimeout: CONNECT_MS }
  })
}
