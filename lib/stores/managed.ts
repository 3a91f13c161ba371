import { FST_DBGPT_AUTH_KEY_EXISTS, FST_DBGPT_AUTH_KEY_INVALID } from '../errors.ts'
import type { Changes } from './changes.ts'
import { isValidDate } from '../keys/fields.ts'
import type { ApiKey, ApiKeyChanges, ApiKeyDetails, ApiKeyUsage, ChangeOptions } from '../types.ts'
import type { Usage } from './usage.ts'

/** What the stores of this package share. */
export abstract class ManagedStore {
  readonly #listeners = new Set<(changes: ApiKeyChanges) => void>()

  /** What is counted of the use of keys. */
  protected abstract readonly counted: Usage

  abstract list (): Promise<ApiKey[]>

  /**
   * Adds the keys whose ids are not taken.
   *
   * @param keys - the records, as `createApiKey` makes them
   * @returns how many were added
   */
  abstract addAll (keys: Iterable<ApiKey>, options?: ChangeOptions): Promise<number>

  /**
   * Changes the details of a key in one step, as its record is then: what others change at the same time is kept.
   *
   * @param id - the record's id, 16 hex digits
   * @param details - the new ones; a detail that is not named stays as it is, and one that is undefined is removed
   * @returns false if there is no such key
   * @throws `FST_DBGPT_AUTH_KEY_INVALID`
   */
  abstract update (id: string, details: ApiKeyDetails, options?: ChangeOptions): Promise<boolean>

  /**
   * Sets when a key expires.
   *
   * @param id - the record's id, 16 hex digits
   * @param at - the instant from which the key is rejected
   * @returns false if there is no such key
   * @throws `FST_DBGPT_AUTH_KEY_INVALID` if that is no valid Date
   */
  async expire (id: string, at: Date, options?: ChangeOptions): Promise<boolean> {
    if (!isValidDate(at)) throw new FST_DBGPT_AUTH_KEY_INVALID('The key', '"expiresAt" must be a valid Date')
    return await this.update(id, { expiresAt: at }, options)
  }

  /**
   * Adds a key.
   *
   * @param key - the record, as `createApiKey` makes it
   * @throws `FST_DBGPT_AUTH_KEY_EXISTS` if its id is taken
   */
  async add (key: ApiKey, options?: ChangeOptions): Promise<void> {
    if (await this.addAll([key], options) === 0) throw new FST_DBGPT_AUTH_KEY_EXISTS(key.id)
  }

  /** Counts a use of a key, at once; what is counted is written once a minute. */
  countUse ({ id }: Pick<ApiKey, 'id'>): void {
    this.counted.count(id)
  }

  /**
   * Tells of the keys when they were last accepted and how often, as far as the option `usage` has had that counted.
   *
   * @param keys - of which keys, by their ids; all, if they are not given
   * @returns by ids, without the keys of which no use is known
   */
  async usage (keys?: readonly Pick<ApiKey, 'id'>[]): Promise<ReadonlyMap<string, ApiKeyUsage>> {
    return await this.counted.read((keys ?? await this.list()).map(({ id }) => id))
  }

  /**
   * Has a listener called after each change of the list that is in force here, whoever made it.
   *
   * @param listener - what it throws ends the process, as with diagnostics channels
   * @returns ends that
   */
  onChange (listener: (changes: ApiKeyChanges) => void): () => void {
    const own = (changes: ApiKeyChanges): void => { listener(changes) }
    this.#listeners.add(own)
    return () => { this.#listeners.delete(own) }
  }

  /** Whether anybody listens. */
  protected get isHeard (): boolean {
    return this.#listeners.size > 0
  }

  /** Tells those who listen, if anything has changed. */
  protected tell (changes: Changes): void {
    if (changes.none) return
    for (const listener of this.#listeners) {
      try {
        listener(changes)
      } catch (error) {
        // Its fault is not the store's; Node's diagnostics channels do the same.
        process.nextTick(() => { throw error })
      }
    }
  }
}
