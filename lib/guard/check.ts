import { inspect } from 'node:util'
import { FST_DBGPT_AUTH_KEY_STORE_ANSWER, FST_DBGPT_AUTH_KEY_STORE_UNAVAILABLE } from '../errors.ts'
import { isValidDate } from '../keys/fields.ts'
import type { ApiKey, KeyStore } from '../types.ts'
import { Rejection, UNKNOWN } from './rejection.ts'

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
type Found = Partial<ApiKey> & { readonly then?: unknown } | null | undefined

/** A record is what is usually there: it is asked no more than it must be. */
function judge (digest: string, found: Found): Outcome | Promise<Outcome> {
  if (found?.digest === digest) return unlessExpired(found as ApiKey)
  if (found === undefined || found === null) return UNKNOWN
  if (typeof found.then !== 'function') return unavailable(new FST_DBGPT_AUTH_KEY_STORE_ANSWER(typeof found))
  return Promise.resolve(found as unknown as PromiseLike<Found>).then(judge.bind(undefined, digest)).catch(unavailable)
}

/** The one place where expiry is checked. */
function unlessExpired (apiKey: ApiKey): Outcome {
  const { expiresAt } = apiKey
  if (expiresAt === undefined) return apiKey
  if (!isValidDate(expiresAt)) return unavailable(new FST_DBGPT_AUTH_KEY_STORE_ANSWER('its expiresAt is no valid Date'))
  return Date.now() < expiresAt.getTime() ? apiKey : new Rejection('expired', apiKey)
}

/** Wraps what a store threw, for the log alone, in an error whose text a client may see. */
function unavailable (thrown: unknown): Rejection {
  // A logger follows a chain of errors and of nothing else.
  const cause = thrown instanceof Error ? thrown : new Error(inspect(thrown))
  return new Rejection('unavailable', null, new FST_DBGPT_AUTH_KEY_STORE_UNAVAILABLE({ cause }))
}
