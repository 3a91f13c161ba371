import { randomBytes } from 'node:crypto'
import type { SavedSession, SessionStore } from './store.ts'

/** How often it is saved that a session is used. */
export const SAVE_MS = 60_000

/** The code of the error that says that sessions cannot be read or saved now. */
export const UNAVAILABLE = 'sessions_unavailable'

export interface Session extends SavedSession {
  readonly id: string
}

/** The sessions of people. All that is asked of their store fails with an error of status 503 where it cannot be done. */
export class Sessions {
  readonly #store: SessionStore
  /** When it was last tried to save that a session is used: once a minute, whether that can be done or not. */
  readonly #saved = new Map<string, number>()
  readonly #listeners: ((id: string) => void)[] = []

  /** @param store - is open */
  constructor (store: SessionStore) {
    this.#store = store
  }

  /** Returns a session; undefined if there is none of this id, or no longer. */
  async find (id: string): Promise<Session | undefined> {
    const session = await orUnavailable(this.#store.get(id))
    return session && { id, ...session }
  }

  /** Begins a session, and returns its id: one that somebody else knows must not become a session. */
  async begin (digest: string): Promise<string> {
    const id = randomBytes(24).toString('base64url')
    const now = Date.now()
    await orUnavailable(this.#store.add(id, { digest, since: now, usedAt: now }))
    return id
  }

  /** Makes a session live longer. Nobody waits for that, and where it fails the store says so. */
  use ({ id, ...session }: Session): void {
    const now = Date.now()
    if (now - Math.max(session.usedAt, this.#saved.get(id) ?? 0) < SAVE_MS) return
    this.#saved.set(id, now)
    this.#store.update(id, { ...session, usedAt: now }).catch(() => {})
  }

  /** Ends a session for good. */
  async end (id: string): Promise<void> {
    await orUnavailable(this.#store.remove(id))
    for (const listener of this.#listeners) listener(id)
  }

  /** Has a listener told the id of each session that is ended by this process. */
  onEnd (listener: (id: string) => void): void {
    this.#listeners.push(listener)
  }

  /** Forgets what was saved more than a minute ago, and sessions that are over. */
  sweep (): void {
    this.#store.sweep?.()
    for (const [id, at] of this.#saved) if (Date.now() - at >= SAVE_MS) this.#saved.delete(id)
  }
}

async function orUnavailable<T> (answer: Promise<T>): Promise<T> {
  return await answer.catch(cause => {
    const message = 'Sessions cannot be read or saved at the moment, try again soon'
    throw Object.assign(new Error(message, { cause }), { statusCode: 503, code: UNAVAILABLE })
  })
}
