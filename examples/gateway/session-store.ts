import { createClient } from '@redis/client'
import type { FastifySessionOptions } from '@fastify/session'
import type { FastifyBaseLogger } from 'fastify'

type Saved = Parameters<NonNullable<FastifySessionOptions['store']>['set']>[1]
type Found = (error?: unknown, session?: Saved | null) => void
type Done = (error?: unknown) => void

/** What `@fastify/session` needs of a store, and an end. */
export interface SessionStore {
  get (id: string, done: Found): void
  set (id: string, session: Saved, done: Done): void
  destroy (id: string, done: Done): void
  close (): void
}

const SWEEP_MS = 60_000
const ANSWER_MS = 2000
const PREFIX = 'dbgpt-gateway:session:'

/**
 * Makes a store of sessions.
 *
 * @param redisUrl - where to keep them; blank, in memory
 * @param log - told of faults
 */
export function sessionStore (redisUrl: string, log: FastifyBaseLogger): SessionStore {
  return redisUrl === '' ? new MemorySessions() : new RedisSessions(redisUrl, log)
}

/** Sessions of one process. They are made by those alone who have a key, and dropped once they have expired. */
class MemorySessions implements SessionStore {
  readonly #sessions = new Map<string, { readonly json: string, readonly expires: number }>()
  readonly #sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref()

  get (id: string, done: Found): void {
    const found = this.#sessions.get(id)
    done(null, found === undefined || found.expires <= Date.now() ? null : JSON.parse(found.json))
  }

  set (id: string, session: Saved, done: Done): void {
    this.#sessions.set(id, { json: JSON.stringify(session), expires: expiryOf(session) })
    done()
  }

  destroy (id: string, done: Done): void {
    this.#sessions.delete(id)
    done()
  }

  close (): void {
    clearInterval(this.#sweeper)
  }

  #sweep (): void {
    for (const [id, { expires }] of this.#sessions) if (expires <= Date.now()) this.#sessions.delete(id)
  }
}

/** Sessions of a fleet. Without its Redis there are none: requests with a cookie fail, those with a key do not notice. */
class RedisSessions implements SessionStore {
  readonly #client: ReturnType<typeof createClient>
  readonly #connected: Promise<unknown>

  constructor (url: string, log: FastifyBaseLogger) {
    this.#client = createClient({ url, disableOfflineQueue: true, pingInterval: 10_000 }) as ReturnType<typeof createClient>
    // Not the error itself, which can hold the URL.
    this.#client.on('error', ({ code = 'no answer' }) => log.error(`The sessions' Redis has a fault: ${code}`))
    this.#connected = this.#client.connect()
    this.#connected.catch(() => {})
  }

  get (id: string, done: Found): void {
    this.#answer(done, async () => {
      const json = await this.#client.get(PREFIX + id)
      return json === null ? null : JSON.parse(json)
    })
  }

  set (id: string, session: Saved, done: Done): void {
    this.#answer(done, async () => {
      await this.#client.set(PREFIX + id, JSON.stringify(session), { PXAT: expiryOf(session) })
      return undefined
    })
  }

  destroy (id: string, done: Done): void {
    this.#answer(done, async () => {
      await this.#client.del(PREFIX + id)
      return undefined
    })
  }

  close (): void {
    this.#client.destroy()
  }

  #answer (done: Found, work: () => Promise<Saved | null | undefined>): void {
    const late = new Promise<never>((_resolve, reject) => setTimeout(reject, ANSWER_MS).unref())
    const fault = Object.assign(new Error('The sessions\' Redis has a fault'), { statusCode: 503 })
    Promise.race([this.#connected.then(work), late]).then(result => done(null, result), () => done(fault))
  }
}

function expiryOf ({ cookie: { expires } }: Saved): number {
  return expires == null ? Date.now() : new Date(expires).getTime()
}
