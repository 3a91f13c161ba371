import { createApiKey, withExpiry } from '../keys/api-key.ts'
import { FST_DBGPT_AUTH_KEY_EXISTS } from '../errors.ts'
import type { ApiKey, ManagedKeyStore } from '../types.ts'

/**
 * Keeps keys in memory, for one process and as long as it runs.
 *
 * @example
 * const store = new MemoryKeyStore([createApiKey({ key, name: 'billing' })])
 * await app.register(dbgptAuth, { keys: store })
 */
export class MemoryKeyStore implements ManagedKeyStore {
  #byDigest = new Map<string, ApiKey>()
  #byId = new Map<string, ApiKey>()

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
    return this.#byDigest.get(digest)
  }

  async list (): Promise<ApiKey[]> {
    return [...this.#byId.values()]
  }

  async add (key: ApiKey): Promise<void> {
    const record = createApiKey(key)
    if (this.#byId.has(record.id)) throw new FST_DBGPT_AUTH_KEY_EXISTS(record.id)
    this.#set(record)
  }

  async expire (id: string, at: Date): Promise<boolean> {
    const found = this.#byId.get(id)
    if (found === undefined) return false
    this.#set(withExpiry(found, at))
    return true
  }

  async revoke (id: string): Promise<boolean> {
    const found = this.#byId.get(id)
    if (found === undefined) return false
    this.#byId.delete(id)
    this.#byDigest.delete(found.digest)
    return true
  }

  /**
   * Replaces the whole list in one step: no request sees half of it.
   *
   * @param keys - the new records
   * @throws `FST_DBGPT_AUTH_KEY_INVALID` or `FST_DBGPT_AUTH_KEY_EXISTS`, with the list unchanged
   */
  replace (keys: Iterable<ApiKey>): void {
    const byDigest = new Map<string, ApiKey>()
    const byId = new Map<string, ApiKey>()
    for (const key of keys) {
      const record = createApiKey(key)
      if (byId.has(record.id)) throw new FST_DBGPT_AUTH_KEY_EXISTS(record.id)
      byDigest.set(record.digest, record)
      byId.set(record.id, record)
    }
    this.#byDigest = byDigest
    this.#byId = byId
  }

  #set (record: ApiKey): void {
    this.#byDigest.set(record.digest, record)
    this.#byId.set(record.id, record)
  }
}
