import { FST_DBGPT_AUTH_KEY_EXISTS } from '../errors.ts'
import { createApiKey, withExpiry } from '../keys/api-key.ts'
import { findKey } from '../keys/digest.ts'
import type { ApiKey, ManagedKeyStore } from '../types.ts'

/**
 * Keeps keys in memory, for one process and as long as it runs.
 *
 * @example
 * const store = new MemoryKeyStore([createApiKey({ key, name: 'billing' })])
 * await app.register(dbgptAuth, { keys: store })
 */
export class MemoryKeyStore implements ManagedKeyStore {
  /** By id. */
  #keys = new Map<string, ApiKey>()

  /**
   * @param keys - the records to start with
   * @throws as {@link MemoryKeyStore.replace}
   */
  constructor (keys: Iterable<ApiKey> = []) {
    this.replace(keys)
  }

  /**
   * Looks a key up in the list in memory, at once.
   *
   * @param digest - the SHA-256 digest of the key's text, 64 lower-case hex digits
   */
  find (digest: string): ApiKey | undefined {
    return findKey(this.#keys, digest)
  }

  async list (): Promise<ApiKey[]> {
    return [...this.#keys.values()]
  }

  async add (key: ApiKey): Promise<void> {
    addTo(this.#keys, key)
  }

  async expire (id: string, at: Date): Promise<boolean> {
    const key = this.#keys.get(id)
    if (key !== undefined) this.#keys.set(id, withExpiry(key, at))
    return key !== undefined
  }

  async revoke (id: string): Promise<boolean> {
    return this.#keys.delete(id)
  }

  /**
   * Replaces the whole list in one step: no request sees half of it.
   *
   * @param keys - the new records
   * @throws `FST_DBGPT_AUTH_KEY_INVALID` or `FST_DBGPT_AUTH_KEY_EXISTS`, with the list unchanged
   */
  replace (keys: Iterable<ApiKey>): void {
    const next = new Map<string, ApiKey>()
    for (const key of keys) addTo(next, key)
    this.#keys = next
  }
}

function addTo (keys: Map<string, ApiKey>, key: ApiKey): void {
  const record = createApiKey(key)
  if (keys.has(record.id)) throw new FST_DBGPT_AUTH_KEY_EXISTS(record.id)
  keys.set(record.id, record)
}
