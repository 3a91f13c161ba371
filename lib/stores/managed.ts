import { FST_DBGPT_AUTH_KEY_EXISTS } from '../errors.ts'
import type { Changes } from '../keys/changes.ts'
import type { ApiKey, ApiKeyChanges } from '../types.ts'

/** What the stores of this package share. */
export abstract class ManagedStore {
  readonly #listeners = new Set<(changes: ApiKeyChanges) => void>()

  /**
   * Adds the keys whose ids are not taken.
   *
   * @param keys - the records, as `createApiKey` makes them
   * @returns how many were added
   */
  abstract addAll (keys: Iterable<ApiKey>): Promise<number>

  /**
   * Adds a key.
   *
   * @param key - the record, as `createApiKey` makes it
   * @throws `FST_DBGPT_AUTH_KEY_EXISTS` if its id is taken
   */
  async add (key: ApiKey): Promise<void> {
    if (await this.addAll([key]) === 0) throw new FST_DBGPT_AUTH_KEY_EXISTS(key.id)
  }

  /**
   * Has a listener called after each change of the list that is in force here, whoever made it.
   *
   * @param listener - must not throw
   * @returns ends that
   */
  onChange (listener: (changes: ApiKeyChanges) => void): () => void {
    const own = (changes: ApiKeyChanges): void => { listener(changes) }
    this.#listeners.add(own)
    return () => { this.#listeners.delete(own) }
  }

  /**
   * Tells those who listen, if anything has changed.
   *
   * @param find - finds out what has; not called where nobody listens
   */
  protected tell (find: () => Changes): void {
    if (this.#listeners.size === 0) return
    const changes = find()
    if (!changes.none) for (const listener of this.#listeners) listener(changes)
  }
}
