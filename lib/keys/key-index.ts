import { FST_DBGPT_AUTH_KEY_EXISTS } from '../errors.ts'
import type { ApiKey, ApiKeyDetails } from '../types.ts'
import { withDetails } from './api-key.ts'

/** The list of keys that every store has in memory: by id, for changes, in the order of adding. */
export class KeyIndex extends Map<string, ApiKey> {
  /** The same, for requests. To be read: it follows what is changed by id. */
  readonly byDigest = new Map<string, ApiKey>()

  override set (id: string, key: ApiKey): this {
    if (this.get(id)?.digest !== key.digest) this.delete(id)
    this.byDigest.set(key.digest, key)
    return super.set(id, key)
  }

  override delete (id: string): boolean {
    this.byDigest.delete(this.get(id)?.digest ?? '')
    return super.delete(id)
  }

  /** @throws `FST_DBGPT_AUTH_KEY_EXISTS` if its id is taken */
  add (key: ApiKey): void {
    if (this.has(key.id)) throw new FST_DBGPT_AUTH_KEY_EXISTS(key.id)
    this.set(key.id, key)
  }

  /** Gives a key other details, and tells whether it is there. */
  update (id: string, details: ApiKeyDetails): boolean {
    const key = this.get(id)
    if (key !== undefined) this.set(id, withDetails(key, details))
    return key !== undefined
  }
}
