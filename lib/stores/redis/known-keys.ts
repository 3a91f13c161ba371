import { Changes, compareLists, type Listed } from '../changes.ts'
import { idOf } from '../../keys/digest.ts'
import { KeyIndex } from '../../keys/key-index.ts'
import type { ApiKey } from '../../types.ts'

/** The keys of a list in Redis, as far as their records can be read. */
export class KnownKeys {
  readonly #keys = new KeyIndex()
  /** The ids of records that cannot be read, each with the record as it was. */
  readonly #unreadable = new Map<string, ApiKey | undefined>()
  /** What has changed since it was last taken; until it is first taken, nothing. */
  #changes: Changes | undefined
  /** Who made the last change of a key since then, where that is known. */
  #actors = new Map<string, string | undefined>()

  /** How many keys there are, those that cannot be read included. */
  get size (): number {
    return this.#keys.size + this.#unreadable.size
  }

  has (id: string): boolean {
    return this.#keys.has(id) || this.#unreadable.has(id)
  }

  find (digest: string): ApiKey | undefined {
    return this.#keys.byDigest.get(digest)
  }

  /** Tells whether a key, by its digest or its id, is there and cannot be read. */
  isUnreadable (digest: string): boolean {
    return this.#unreadable.has(idOf(digest))
  }

  /** Returns the records that can be read. */
  list (): ApiKey[] {
    return [...this.#keys.values()]
  }

  /** Takes in the record of an id: undefined, there is none; null, it cannot be read. */
  set (id: string, record: ApiKey | null | undefined, actor?: string): void {
    const before = this.#keys.get(id) ?? this.#unreadable.get(id)
    if (record) this.#keys.set(id, record)
    else this.#keys.delete(id)
    if (record === null) {
      this.#unreadable.set(id, before)
      return
    }
    this.#unreadable.delete(id)
    if (this.#changes === undefined) return
    this.#changes.note(before, record)
    this.#actors.set(id, actor)
  }

  /** Tells what has changed since it was last asked for. */
  takeChanges (): Changes {
    const [changes, actors] = [this.#changes ?? new Changes(), this.#actors]
    this.#changes = new Changes()
    this.#actors = new Map()
    return changes.attribute(id => actors.get(id))
  }

  /** Tells what is not as it was in a list that this one takes the place of. */
  async changesSince (before: KnownKeys): Promise<Changes> {
    for (const [id, record] of this.#unreadable) this.#unreadable.set(id, record ?? before.#listed.get(id))
    const changes = await compareLists(before.#listed, this.#listed)
    // What was changed meanwhile was compared as it was or as it is.
    return changes.recheck(this.takeChanges(), before.#listed, this.#listed)
  }

  /** With what is known of records that cannot be read: those are neither changed nor revoked. */
  get #listed (): Listed {
    const [keys, unreadable] = [this.#keys, this.#unreadable]
    return {
      get: id => keys.get(id) ?? unreadable.get(id),
      * values () {
        yield * keys.values()
        for (const record of unreadable.values()) if (record !== undefined) yield record
      }
    }
  }
}
