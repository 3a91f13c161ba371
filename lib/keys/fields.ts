import { isDeepStrictEqual } from 'node:util'
import { isDate } from 'node:util/types'
import type { ApiKeyDetails } from '../types.ts'
import { FrozenDate } from './frozen-date.ts'
import { MOST_SCOPES, takeScopes } from './scopes.ts'

const NAME = /^[^\p{Cc}\p{Zl}\p{Zp}]+$/u
// A year after 9999 has six digits and a sign, as JSON.stringify writes it.
const ISO_DATE = /^(\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/

interface Field {
  /** What is asked of a value, for errors. */
  readonly rule: string
  /** Returns what a record holds of a value: a frozen copy, or undefined if the value is against the rule. */
  readonly take: (value: unknown) => unknown
  /** Makes the value of what stands for it in JSON, where that is something else. */
  readonly revive?: (json: unknown) => unknown
}

const DATE: Field = {
  rule: 'must be a valid Date',
  take: value => isValidDate(value) ? new FrozenDate(value) : undefined,
  revive: json => typeof json === 'string' && ISO_DATE.test(json) ? new Date(json) : json
}

/** How each detail of a key is checked, kept and stored. */
export const FIELDS: Readonly<Record<keyof ApiKeyDetails, Field>> = {
  name: {
    rule: 'is 1 to 200 characters without control characters',
    take: value => typeof value === 'string' && value.length <= 200 && NAME.test(value) ? value : undefined
  },
  createdAt: DATE,
  expiresAt: DATE,
  metadata: { rule: 'must be an object of JSON values', take: copyJsonObject },
  scopes: {
    rule: `must be an array of at most ${MOST_SCOPES} scopes, each of visible ASCII characters without " and \\`, take: takeScopes
  }
}

/** Tells whether a value is a Date that names an instant, from whatever realm. */
export function isValidDate (value: unknown): value is Date {
  return isDate(value) && !Number.isNaN(value.getTime())
}

function copyJsonObject (value: unknown): unknown {
  let copy: unknown
  try {
    copy = JSON.parse(JSON.stringify(value), (_name, child) => Object.freeze(child))
  } catch { /* cyclic, or with a BigInt in it: no copy */ }
  // Equal to the letter, or something (a Date, a function, an undefined) would be lost on the way.
  return typeof copy === 'object' && copy !== null && !Array.isArray(copy) && isDeepStrictEqual(copy, value) ? copy : undefined
}
