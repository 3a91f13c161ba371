import { restOf, type SavedSession, type SessionStore } from './store.ts'

/** Sessions of one process. They are made by those alone who have a key, and dropped once they have expired. */
export class MemorySessions implements SessionStore {
  readonly #sessions = new Map<string, SavedSession>()

  async get (id: string): Promise<SavedSession | undefined> {
    return this.#at(id)
  }

  async add (id: string, session: SavedSession): Promise<void> {
    this.#sessions.set(id, session)
  }

  async update (id: string, session: SavedSession): Promise<void> {
    if (this.#at(id) !== undefined) this.#sessions.set(id, session)
  }

  async remove (id: string): Promise<void> {
    this.#sessions.delete(id)
  }

  sweep (): void {
    for (const [id, session] of this.#sessions) if (restOf(session) <= 0) this.#sessions.delete(id)
  }

  #at (id: string): SavedSession | undefined {
    const session = this.#sessions.get(id)
    return session !== undefined && restOf(session) > 0 ? session : undefined
  }
}
