import { FST_DBGPT_AUTH_KEY_STORE_ANSWER } from '../errors.ts'
import { isValidDate } from '../keys/fields.ts'
import type { ApiKey, KeyStore } from '../types.ts'
import { Rejection, UNKNOWN } from './rejection.ts'

export type Outcome = ApiKey | Rejection

/** Looks a key up by its digest, and judges what is found; by promise only where the store answers by promise. */
export type Check = (digest: string) => Outcome | Promise<Outcome>

export function buildCheck (store: KeyStore): Check {
  return function check (digest) {
    try {
      return judge(digest, store.find(digest))
    } catch (cause) {
      return unavailable(cause)
    }
  }
}

/** A record is what is usually there: it is asked no more than it must be. */
function judge (digest: string, answer: unknown): Outcome | Promise<Outcome> {
  if (isRecordOf(digest, answer)) return unlessExpired(answer)
  if (answer === undefined || answer === null) return UNKNOWN
  if (isThenable(answer)) return Promise.resolve(answer).then(judge.bind(undefined, digest)).catch(unavailable)
  return unavailable(new FST_DBGPT_AUTH_KEY_STORE_ANSWER(typeof answer))
}

/** The one place where expiry is checked. */
function unlessExpired (apiKey: ApiKey): Outcome {
  const { expiresAt } = apiKey
  if (expiresAt === undefined) return apiKey
  if (!isValidDate(expiresAt)) return unavailable(new FST_DBGPT_AUTH_KEY_STORE_ANSWER('its expiresAt is no valid Date'))
  return Date.now() < expiresAt.getTime() ? apiKey : new Rejection('expired', apiKey)
}

function isRecordOf (digest: string, answer: unknown): answer is ApiKey {
  return typeof answer === 'object' && answer !== null && (answer as Partial<ApiKey>).digest === digest
}

function isThenable (value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function unavailable (cause: unknown): Rejection {
  return new Rejection('unavailable', null, cause)
}
