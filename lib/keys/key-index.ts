import { FST_DBGPT_AUTH_KEY_EXISTS } from '../errors.ts'
import type { ApiKey, ApiKeyDetails } from '../types.ts'
import { withDetails } from './api-key.ts'

/** The list of keys that every store has in memory: by id, for changes, in the order of adding. */
export class KeyIndex extends Map<string, ApiKey> {
  /** The same, for requests. To be read: it follows what is changed by id. */
  readonly byDigest = new Map<string, ApiKey>()

  /** Where changes are noted, if they are: undefined, a key is not in the list. */
  changes: { note (before: ApiKey | undefined, after: ApiKey | undefined): void } | undefined

  override set (id: string, key: ApiKey): this {
    if (this.get(id)?.digest !== key.digest) this.delete(id)
    this.changes?.note(this.get(id), key)
    this.byDigest.set(key.digest, key)
    return super.set(id, key)
  }

  override delete (id: string): boolean {
    this.changes?.note(this.get(id), undefined)
    this.byDigest.delete(this.get(id)?.digest ?? '')
    return super.delete(id)
  }

  /** @throws `FST_DBGPT_AUTH_KEY_EXISTS` if its id is taken */
  add (key: ApiKey): void {
    if (this.has(key.id)) throw new FST_DBGPT_AUTH_KEY_EXISTS(key.id)
    this.set(key.id, key)
  }

  /** Adds the keys whose ids are not taken, and counts them. */
  addMissing (keys: Iterable<ApiKey>): number {
    const before = this.size
    for (const key of keys) if (!this.has(key.id)) this.set(key.id, key)
    return this.size - before
  }

  /** Gives a key other details, and tells whether it is there. */
  update (id: string, details: ApiKeyDetails): boolean {
    const key = this.get(id)
    if (key !== undefined) this.set(id, withDetails(key, details))
    return key !== undefined
  }
}
