import { FST_DBGPT_AUTH_KEY_EXISTS } from '../errors.ts'
import type { ApiKey } from '../types.ts'
import { withExpiry } from './api-key.ts'
import type { Changes } from './changes.ts'

/** The list of keys that every store has in memory: by id, for changes, in the order of adding. */
export class KeyIndex extends Map<string, ApiKey> {
  /** The same, for requests. To be read: it follows what is changed by id. */
  readonly byDigest = new Map<string, ApiKey>()

  /** Where changes are noted, if they are. */
  changes: Changes | undefined

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

  /** Adds those whose ids are not taken, and tells how many. */
  addAll (keys: Iterable<ApiKey>): number {
    const before = this.size
    for (const key of keys) if (!this.has(key.id)) this.set(key.id, key)
    return this.size - before
  }

  /** Sets when a key expires, and tells whether it is there. */
  expire (id: string, at: Date): boolean {
    const key = this.get(id)
    if (key !== undefined) this.set(id, withExpiry(key, at))
    return key !== undefined
  }
}
