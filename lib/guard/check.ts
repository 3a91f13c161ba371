import { inspect } from 'node:util'
import { FST_DBGPT_AUTH_KEY_STORE_ANSWER, FST_DBGPT_AUTH_KEY_STORE_TIMEOUT, FST_DBGPT_AUTH_KEY_STORE_UNAVAILABLE } from '../errors.ts'
import { FIELDS, isValidDate } from '../keys/fields.ts'
import { isScopes } from '../keys/scopes.ts'
import type { ApiKey, ApiKeyRow, KeyStore } from '../types.ts'
import { Rejection, UNKNOWN } from './rejection.ts'

/** How long a store may take that answers by promise, in milliseconds. */
const PATIENCE_MS = 5000

export type Outcome = ApiKey | Rejection

/** Looks a key up by its digest, and judges what is found; by promise only where the store answers by promise. */
export type Check = (digest: string) => Outcome | Promise<Outcome>

export function buildCheck (store: KeyStore): Check {
  return function check (digest) {
    try {
      return judge(digest, store.find(digest) as Found)
    } catch (cause) {
      return unavailable(cause)
    }
  }
}

/** What an app's own store may really have answered. */
type Found = Partial<ApiKeyRow> & { readonly then?: unknown } | null | undefined

/** A record is what is usually there: it is asked no more than it must be. */
function judge (digest: string, found: Found): Outcome | Promise<Outcome> {
  if (found?.digest === digest) return unlessExpired(found as ApiKeyRow)
  if (found === undefined || found === null) return UNKNOWN
  if (typeof found.then !== 'function') return unavailable(new FST_DBGPT_AUTH_KEY_STORE_ANSWER('its digest is not the one asked for'))
  return inTime(found as unknown as PromiseLike<Found>).then(judge.bind(undefined, digest)).catch(unavailable)
}

/** The one place where expiry is checked. */
function unlessExpired (found: ApiKeyRow): Outcome {
  if (typeof found.id !== 'string' || found.id === '') return unavailable(new FST_DBGPT_AUTH_KEY_STORE_ANSWER('it has no id'))
  const { name, createdAt, expiresAt, metadata, scopes } = found
  const isNullable = name === null || createdAt === null || expiresAt === null || metadata === null || scopes === null
  const apiKey = isNullable ? withoutNulls(found) : found as ApiKey
  if (apiKey.scopes !== undefined && !isScopes(scopes)) return unavailable(new FST_DBGPT_AUTH_KEY_STORE_ANSWER('its scopes are no array of scopes'))
  if (expiresAt === undefined || expiresAt === null) return apiKey
  if (!isValidDate(expiresAt)) return unavailable(new FST_DBGPT_AUTH_KEY_STORE_ANSWER('its expiresAt is no valid Date'))
  return Date.now() < expiresAt.getTime() ? apiKey : new Rejection('expired', apiKey)
}

/** Databases have null for what is not there. */
function withoutNulls (row: ApiKeyRow): ApiKey {
  const details = (Object.keys(FIELDS) as (keyof typeof FIELDS)[]).map(detail => [detail, row[detail] ?? undefined])
  return Object.freeze({ ...row, id: row.id, digest: row.digest, ...Object.fromEntries(details) })
}

async function inTime (answer: PromiseLike<Found>): Promise<Found> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => { reject(new FST_DBGPT_AUTH_KEY_STORE_TIMEOUT(PATIENCE_MS)) }, PATIENCE_MS)
  })
  return await Promise.race([answer, late]).finally(() => clearTimeout(timer))
}

/** Wraps what a store threw, for the log alone, in an error whose text a client may see. */
export function unavailable (thrown: unknown): Rejection {
  // A logger follows a chain of errors and of nothing else.
  const cause = thrown instanceof Error ? thrown : new Error(inspect(thrown))
  return new Rejection('unavailable', null, new FST_DBGPT_AUTH_KEY_STORE_UNAVAILABLE({ cause }))
}
