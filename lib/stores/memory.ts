import { createApiKey } from '../keys/api-key.ts'
import { changerOf } from './changer.ts'
import { Changes } from './changes.ts'
import { KeyIndex } from '../keys/key-index.ts'
import type { ApiKey, ApiKeyDetails, ChangeOptions, KeyStoreStatus, ManagedKeyStore } from '../types.ts'
import { ManagedStore } from './managed.ts'
import { Usage } from './usage.ts'

/**
 * Keeps keys in memory, for one process and as long as it runs.
 *
 * @example
 * const store = new MemoryKeyStore([createApiKey({ key, name: 'billing' })])
 * await app.register(dbgptAuth, { keys: store })
 */
export class MemoryKeyStore extends ManagedStore implements ManagedKeyStore {
  protected readonly counted = new Usage(id => this.#keys.has(id))
  #keys = new KeyIndex()

  /**
   * @param keys - the records to start with
   * @throws as {@link MemoryKeyStore.replace}
   */
  constructor (keys: Iterable<ApiKey> = []) {
    super()
    this.replace(keys)
  }

  get size (): number {
    return this.#keys.size
  }

  /** The list in memory is its own source. */
  status (): KeyStoreStatus {
    return { up: true, ageMs: 0 }
  }

  /**
   * Looks a key up in the list in memory, at once.
   *
   * @param digest - the SHA-256 digest of the key's text, 64 lower-case hex digits
   */
  find (digest: string): ApiKey | undefined {
    return this.#keys.byDigest.get(digest)
  }

  async list (): Promise<ApiKey[]> {
    return [...this.#keys.values()]
  }

  async addAll (keys: Iterable<ApiKey>, options?: ChangeOptions): Promise<number> {
    const records = Array.from(keys, key => createApiKey(key))
    return this.#change(options, current => current.addMissing(records))
  }

  async update (id: string, details: ApiKeyDetails, options?: ChangeOptions): Promise<boolean> {
    return this.#change(options, current => current.update(id, details))
  }

  async revoke (id: string, options?: ChangeOptions): Promise<boolean> {
    return this.#change(options, current => current.delete(id))
  }

  /**
   * Replaces the whole list in one step: no request sees half of it.
   *
   * @param keys - the new records
   * @throws `FST_DBGPT_AUTH_KEY_INVALID` or `FST_DBGPT_AUTH_KEY_EXISTS`, with the list unchanged
   */
  replace (keys: Iterable<ApiKey>): void {
    const next = new KeyIndex()
    for (const key of keys) next.add(createApiKey(key))
    const before = this.#keys
    this.#keys = next
    if (!this.isHeard) return
    const changes = new Changes()
    for (const key of next.values()) changes.note(before.get(key.id), key)
    for (const key of before.values()) if (!next.has(key.id)) changes.note(key, undefined)
    this.tell(changes)
  }

  #change<T> (options: ChangeOptions | undefined, change: (current: KeyIndex) => T): T {
    const { actor } = changerOf(options)
    const changes = this.#keys.changes = new Changes()
    const result = change(this.#keys)
    this.tell(changes.attribute(() => actor))
    return result
  }
}
