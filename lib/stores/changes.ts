import { isDeepStrictEqual } from 'node:util'
import type { ApiKey, ApiKeyChanges } from '../types.ts'
import { Turns } from './turns.ts'

const KINDS = ['added', 'changed', 'revoked'] as const

/** A list of keys by their ids. */
export interface Listed {
  get (id: string): ApiKey | undefined
  values (): Iterable<ApiKey>
}

/** Gathers what has changed in a list of keys. */
export class Changes implements ApiKeyChanges {
  readonly added: ApiKey[] = []
  readonly changed: ApiKey[] = []
  readonly revoked: ApiKey[] = []
  readonly #actors = new Map<string, string>()

  get actors (): ReadonlyMap<string, string> {
    return this.#actors
  }

  /** Tells whether nothing has changed. */
  get none (): boolean {
    return this.added.length + this.changed.length + this.revoked.length === 0
  }

  /** Says who made each of them; undefined, that is not known. */
  attribute (actorOf: (id: string, kind: (typeof KINDS)[number]) => string | undefined): this {
    for (const kind of KINDS) {
      for (const { id } of this[kind]) {
        const actor = actorOf(id, kind)
        if (actor !== undefined) this.#actors.set(id, actor)
      }
    }
    return this
  }

  /** Compares once more the keys of other changes. */
  recheck ({ added, changed, revoked, actors }: ApiKeyChanges, before: Listed, after: Listed): Changes {
    const ids = new Set([...added, ...changed, ...revoked].map(({ id }) => id))
    if (ids.size === 0) return this
    const result = new Changes()
    for (const kind of KINDS) {
      for (const key of this[kind]) if (!ids.has(key.id)) result[kind].push(key)
    }
    for (const id of ids) result.note(before.get(id), after.get(id))
    return result.attribute(id => actors?.get(id) ?? this.#actors.get(id))
  }

  /** Notes what became of one key: undefined, it is not in the list. */
  note (before: ApiKey | undefined, after: ApiKey | undefined): void {
    if (after === undefined) this.revoked.push(...before === undefined ? [] : [before])
    else if (before === undefined) this.added.push(after)
    else if (!isSame(before, after)) this.changed.push(after)
  }
}

/** Finds what has changed between two lists; lets other work run in between. */
export async function compareLists (before: Listed, after: Listed): Promise<Changes> {
  const changes = new Changes()
  const turns = new Turns()
  for (const key of after.values()) {
    changes.note(before.get(key.id), key)
    if (turns.step()) await turns.pause()
  }
  for (const key of before.values()) {
    if (after.get(key.id) === undefined) changes.note(key, undefined)
    if (turns.step()) await turns.pause()
  }
  return changes
}

/** Without a look at what nearly no key has: of a long list each key is compared. */
function isSame (a: ApiKey, b: ApiKey): boolean {
  return a === b || (
    a.digest === b.digest && a.name === b.name && a.createdAt?.getTime() === b.createdAt?.getTime() &&
    a.expiresAt?.getTime() === b.expiresAt?.getTime() &&
    (a.metadata === b.metadata || isDeepStrictEqual(a.metadata, b.metadata)) &&
    (a.scopes === b.scopes || isDeepStrictEqual(a.scopes, b.scopes))
  )
}
