import { FST_DBGPT_AUTH_OPTION } from '../errors.ts'
import { FIELDS } from '../keys/fields.ts'
import type { ApiKey, ApiKeyDetails, ApiKeyHistoryEntry } from '../types.ts'

/** How many entries of a history can be asked for. */
export const HISTORY_LENGTH = 10_000
/** How many keys are in an entry at most: many that are added at once must not push everything else out. */
export const KEYS_PER_ENTRY = 500

const ACTIONS = ['add', 'update', 'revoke']
const DETAILS = Object.keys(FIELDS) as (keyof ApiKeyDetails)[]

/**
 * Takes how many entries are asked for.
 *
 * @throws `FST_DBGPT_AUTH_OPTION`
 */
export function limitOf (limit = HISTORY_LENGTH): number {
  if (!Number.isSafeInteger(limit) || limit < 0) throw new FST_DBGPT_AUTH_OPTION('limit', 'a whole number, 0 or more')
  return Math.min(limit, HISTORY_LENGTH)
}

/** What an entry says beside who and when. */
export type Deed = Pick<ApiKeyHistoryEntry, 'action' | 'keys' | 'changes'>

/** What an entry says of a key: no digest, by which a key could be looked for elsewhere. */
export function namesOf ({ id, name }: Pick<ApiKey, 'id' | 'name'>): Pick<ApiKey, 'id' | 'name'> {
  return { id, name }
}

/** Tells which details of a record are others, or undefined if none is. */
export function changesBetween (before: ApiKey, after: ApiKey): Deed['changes'] {
  const changes = DETAILS.filter(detail => JSON.stringify(before[detail]) !== JSON.stringify(after[detail])).map(detail =>
    // Metadata are the application's own, and may be nobody else's business.
    [detail, detail === 'metadata' ? {} : { from: before[detail], to: after[detail] }])
  return changes.length === 0 ? undefined : Object.fromEntries(changes)
}

/** Notes what is done to a list of keys, for its history. */
export class Deeds {
  readonly #added: ApiKey[] = []
  readonly #others: Deed[] = []

  note (before: ApiKey | undefined, after: ApiKey | undefined): void {
    if (before === undefined) {
      if (after !== undefined) this.#added.push(after)
      return
    }
    if (after === undefined) {
      this.#others.push({ action: 'revoke', keys: [namesOf(before)] })
      return
    }
    const changes = changesBetween(before, after)
    if (changes !== undefined) this.#others.push({ action: 'update', keys: [namesOf(after)], changes })
  }

  /** Returns them as entries have them. */
  list (): Deed[] {
    const deeds = [...this.#others]
    for (let start = 0; start < this.#added.length; start += KEYS_PER_ENTRY) {
      deeds.push({ action: 'add', keys: this.#added.slice(start, start + KEYS_PER_ENTRY).map(namesOf) })
    }
    return deeds
  }
}

/** Checks what was read as an entry of a history, from JSON; undefined, it is none that this version knows. */
export function readEntry (read: unknown): ApiKeyHistoryEntry | undefined {
  const { at, actor, action, keys, changes, failed } = Object(read) as Record<string, unknown>
  const date = typeof at === 'string' || typeof at === 'number' ? new Date(at) : new Date(NaN)
  const isKnown = !Number.isNaN(date.getTime()) && typeof actor === 'string' && ACTIONS.includes(action as string) &&
    Array.isArray(keys) && keys.length > 0 && keys.every(isNames) && (changes === undefined || isChanges(changes))
  if (!isKnown) return undefined
  return {
    at: date,
    actor,
    action: action as Deed['action'],
    keys: keys.map(namesOf),
    ...changes !== undefined && { changes: changes as NonNullable<Deed['changes']> },
    ...failed === true && { failed }
  }
}

function isNames (key: unknown): boolean {
  const { id, name } = Object(key) as Record<string, unknown>
  return typeof id === 'string' && (name === undefined || typeof name === 'string')
}

function isChanges (changes: unknown): boolean {
  return isObject(changes) && Object.values(changes).every(isObject)
}

function isObject (value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
