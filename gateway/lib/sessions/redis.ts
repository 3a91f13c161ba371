import type { FastifyBaseLogger } from 'fastify'
import { RedisLink } from '../redis/link.ts'
import { restOf, type SavedSession, type SessionStore } from './store.ts'

const PREFIX = 'dbgpt-gateway:session:'

/** Sessions of a fleet. Without its Redis there are none: requests with a cookie fail, those with a key do not notice. */
export class RedisSessions implements SessionStore {
  readonly #link: RedisLink

  constructor (url: string, log: FastifyBaseLogger) {
    this.#link = new RedisLink({ url, name: 'The sessions\' Redis', probe: PREFIX, log })
  }

  async open (): Promise<void> {
    await this.#link.open()
  }

  close (): void {
    this.#link.close()
  }

  async get (id: string): Promise<SavedSession | undefined> {
    return readSession(await this.#link.ask(client => client.get(PREFIX + id)))
  }

  async add (id: string, session: SavedSession): Promise<void> {
    await this.#set(id, session, 'NX')
  }

  async update (id: string, session: SavedSession): Promise<void> {
    await this.#set(id, session, 'XX')
  }

  async remove (id: string): Promise<void> {
    await this.#link.ask(client => client.del(PREFIX + id))
  }

  async #set (id: string, session: SavedSession, condition: 'NX' | 'XX'): Promise<void> {
    // How long and not until when: the clocks of two machines need not agree.
    const expiration = { type: 'PX', value: Math.max(1, restOf(session)) } as const
    await this.#link.ask(client => client.set(PREFIX + id, JSON.stringify(session), { condition, expiration }))
  }
}

/** Whatever else somebody has put there is no session. */
function readSession (json: string | null): SavedSession | undefined {
  try {
    const { digest, since, usedAt } = JSON.parse(json ?? 'null') ?? {}
    if (typeof digest !== 'string' || typeof since !== 'number' || typeof usedAt !== 'number') return undefined
    const session = { digest, since, usedAt }
    return restOf(session) > 0 ? session : undefined
  } catch {
    return undefined
  }
}
