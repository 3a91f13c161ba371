import type { RedisClient } from './client.ts'
import { moreTelling } from './fault.ts'

/** What a client of a single server tells of it; clusters and Sentinel have no options. */
interface SingleClient extends RedisClient {
  readonly isReady?: boolean
  readonly options?: { readonly socket?: { host?: string, port?: number, path?: string, tls?: boolean } }
}

/** A client from its making to its end: its first fault ends it, and nothing of it lives on. */
export class OwnedClient {
  readonly client: RedisClient
  /** Host and port, for errors. */
  readonly address: string
  readonly tls: boolean
  /** What the client has complained of, outside of any command. */
  complaint: unknown
  readonly #onFault: (error: unknown) => void
  /** Whether it has a server only: the others can go on without some of theirs. */
  readonly #single: boolean
  /** Whether a socket is being connected, which the client itself does not know yet. */
  #dialing = false
  #destroyed = false

  /**
   * @param client - not connected yet
   * @param onFault - told when the client is of no more use
   */
  constructor (client: RedisClient, onFault: (error: unknown) => void) {
    this.client = client
    this.#onFault = onFault
    const { options } = client as SingleClient
    const { host, port = 6379, path, tls } = options?.socket ?? {}
    this.#single = options !== undefined
    this.address = host === undefined ? path ?? 'the nodes of createClient' : `${host}:${port}`
    this.tls = tls === true
    this.#listen(client)
  }

  async connect (): Promise<void> {
    this.#dialing = this.#single
    try {
      await this.client.connect()
    } finally {
      // One that was given up must not live on because it is connected after all, or in part: Sentinel.
      this.#dialed()
    }
  }

  /** Ends the client, now or as soon as it can be ended. */
  destroy (): void {
    this.#destroyed = true
    // Now, it would not get at the socket, and not be destroyed a second time (5).
    if (this.#dialing) return
    // Of some clients it throws, of others it rejects, if they are not connected.
    new Promise(resolve => resolve(this.client.destroy())).catch(() => {})
  }

  /** The listeners stay for good: an error that nobody listens to would end the process. */
  #listen (client: SingleClient): void {
    client.on('error', error => {
      // One of a command that the client has sent by itself leaves it ready.
      if (this.#single && client.isReady === false) this.#fail(error)
      else this.#complain(error)
    })
    // Of one of its servers, as clusters and Sentinel put it.
    client.on('node-error', error => this.#complain(error))
    client.on('client-error', ({ error }) => this.#complain(error))
    client.on('reconnecting', () => this.#fail(Object.assign(new Error(), { code: 'ECONNRESET' })))
    client.on('connect', () => this.#dialed())
  }

  #complain (error: unknown): void {
    this.complaint = moreTelling(this.complaint, error)
  }

  #dialed (): void {
    this.#dialing = false
    if (this.#destroyed) this.destroy()
  }

  /** Destroys it before this event is over: TLS can have a second error for a socket, which nobody listens to (5). */
  #fail (error: unknown): void {
    this.#complain(error)
    this.#dialing = false
    this.destroy()
    this.#onFault(error)
  }
}
