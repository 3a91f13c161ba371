import { FST_DBGPT_AUTH_KEY_EXISTS, FST_DBGPT_AUTH_KEY_INVALID } from '../errors.ts'
import { isValidDate } from '../keys/fields.ts'
import type { ApiKey, ApiKeyDetails } from '../types.ts'

/** What the stores of this package share. */
export abstract class ManagedStore {
  /**
   * Adds the keys whose ids are not taken.
   *
   * @param keys - the records, as `createApiKey` makes them
   * @returns how many were added
   */
  abstract addAll (keys: Iterable<ApiKey>): Promise<number>

  /**
   * Changes the details of a key in one step, as its record is then: what others change at the same time is kept.
   *
   * @param id - the record's id, 16 hex digits
   * @param details - the new ones; a detail that is not named stays as it is, and one that is undefined is removed
   * @returns false if there is no such key
   * @throws `FST_DBGPT_AUTH_KEY_INVALID`
   */
  abstract update (id: string, details: ApiKeyDetails): Promise<boolean>

  /**
   * Sets when a key expires.
   *
   * @param id - the record's id, 16 hex digits
   * @param at - the instant from which the key is rejected
   * @returns false if there is no such key
   * @throws `FST_DBGPT_AUTH_KEY_INVALID` if that is no valid Date
   */
  async expire (id: string, at: Date): Promise<boolean> {
    if (!isValidDate(at)) throw new FST_DBGPT_AUTH_KEY_INVALID('The key', '"expiresAt" must be a valid Date')
    return await this.update(id, { expiresAt: at })
  }

  /**
   * Adds a key.
   *
   * @param key - the record, as `createApiKey` makes it
   * @throws `FST_DBGPT_AUTH_KEY_EXISTS` if its id is taken
   */
  async add (key: ApiKey): Promise<void> {
    if (await this.addAll([key]) === 0) throw new FST_DBGPT_AUTH_KEY_EXISTS(key.id)
  }
}
