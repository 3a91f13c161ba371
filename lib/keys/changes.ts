import { isDeepStrictEqual } from 'node:util'
import type { ApiKey, ApiKeyChanges } from '../types.ts'

/** Gathers what has changed in a list of keys. */
export class Changes implements ApiKeyChanges {
  readonly added: ApiKey[] = []
  readonly changed: ApiKey[] = []
  readonly revoked: ApiKey[] = []

  /** Tells whether nothing has changed. */
  get none (): boolean {
    return this.added.length + this.changed.length + this.revoked.length === 0
  }

  /** Notes what became of one key: undefined, it is not in the list. */
  note (before: ApiKey | undefined, after: ApiKey | undefined): void {
    if (after === undefined) this.revoked.push(...before === undefined ? [] : [before])
    else if (before === undefined) this.added.push(after)
    else if (!isSame(before, after)) this.changed.push(after)
  }

  /** Notes what became of a whole list. */
  compare (before: ReadonlyMap<string, ApiKey>, after: ReadonlyMap<string, ApiKey>): this {
    for (const [id, key] of after) this.note(before.get(id), key)
    for (const [id, key] of before) if (!after.has(id)) this.note(key, undefined)
    return this
  }
}

/** Without a look at what nearly no key has: of a long list each key is compared. */
function isSame (a: ApiKey, b: ApiKey): boolean {
  return a === b || (
    a.digest === b.digest && a.name === b.name && a.createdAt?.getTime() === b.createdAt?.getTime() &&
    a.expiresAt?.getTime() === b.expiresAt?.getTime() &&
    (a.metadata === b.metadata || isDeepStrictEqual(a.metadata, b.metadata))
  )
}
