import { FST_DBGPT_AUTH_KEY_EXISTS } from '../errors.ts'
import type { ApiKey } from '../types.ts'
import { withExpiry } from './api-key.ts'
import { idOf } from './digest.ts'

/** Keys by id, with which a digest begins: one index serves requests and changes, in every store. */
export class KeyIndex extends Map<string, ApiKey> {
  find (digest: string): ApiKey | undefined {
    const key = this.get(idOf(digest))
    return key?.digest === digest ? key : undefined
  }

  /** @throws `FST_DBGPT_AUTH_KEY_EXISTS` if its id is taken */
  add (key: ApiKey): void {
    if (this.has(key.id)) throw new FST_DBGPT_AUTH_KEY_EXISTS(key.id)
    this.set(key.id, key)
  }

  /** Sets when a key expires, and tells whether it is there. */
  expire (id: string, at: Date): boolean {
    const key = this.get(id)
    if (key !== undefined) this.set(id, withExpiry(key, at))
    return key !== undefined
  }
}
