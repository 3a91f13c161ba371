import { FST_DBGPT_AUTH_KEY_EXISTS } from '../errors.ts'
import type { ApiKey } from '../types.ts'

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
   * Adds a key.
   *
   * @param key - the record, as `createApiKey` makes it
   * @throws `FST_DBGPT_AUTH_KEY_EXISTS` if its id is taken
   */
  async add (key: ApiKey): Promise<void> {
    if (await this.addAll([key]) === 0) throw new FST_DBGPT_AUTH_KEY_EXISTS(key.id)
  }
}
