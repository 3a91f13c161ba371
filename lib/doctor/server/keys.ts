import { statusOf } from '../../keys/status.ts'
import type { ApiKey } from '../../types.ts'
import type { Found } from '../finding.ts'
import type { ServerCode } from './texts.ts'

/** How many keys are named. */
const NAMED = 5

/**
 * Says what is to be said of a list of keys.
 *
 * @param unreadable - the ids of those that are in it and cannot be read
 * @param now - milliseconds since the epoch
 */
export function examineKeys (keys: readonly ApiKey[], unreadable: readonly string[], now: number): Found<ServerCode>[] {
  const [expired, old] = (['expired', 'old'] as const).map(status => keys.filter(key => statusOf(key, now) === status)) as [ApiKey[], ApiKey[]]
  const count = expired.length
  const isDead = count > 0 && count === keys.length
  return [
    ...unreadable.length > 0 ? [{ code: 'key_unreadable', params: { count: unreadable.length, id: unreadable[0] as string } } as const] : [],
    ...keys.length + unreadable.length === 0 ? [{ code: 'keys_none' } as const] : [],
    ...isDead ? [{ code: 'keys_all_expired', params: { count } } as const] : [],
    ...count > 0 && !isDead ? [{ code: 'keys_expired', params: { count, keys: namesOf(expired) } } as const] : [],
    ...old.length > 0 ? [{ code: 'keys_old', params: { count: old.length, keys: namesOf(old) } } as const] : []
  ]
}

/** Writes a key as people are told of it: its id, and its name, if it has one. */
export function labelOf ({ id, name }: Pick<ApiKey, 'id' | 'name'>): string {
  return name === undefined ? id : `${id} (${name})`
}

function namesOf (keys: readonly ApiKey[]): string {
  const shown = keys.slice(0, NAMED).map(labelOf).join(', ')
  return keys.length > NAMED ? `${shown}, …` : shown
}
