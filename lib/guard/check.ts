import { digestOf, isDigest, isValidDate } from '../keys/api-key.ts'
import { parseAuthorization, parseToken } from './credentials.ts'
import { FST_DBGPT_AUTH_GET_KEY, FST_DBGPT_AUTH_KEY_STORE_ANSWER } from '../errors.ts'
import { MALFORMED, Rejection, UNKNOWN } from './rejection.ts'
import type { ApiKey, ApiKeyEvent, GetKey, KeyStore } from '../types.ts'

type Request = ApiKeyEvent['request']
type Outcome = ApiKey | Rejection

/** Tells whose key a request carries, or why it is refused; by promise only where the store answers by promise. */
export type Check = (request: Request) => Outcome | Promise<Outcome>

/**
 * Builds the check: credentials to digest, one look-up, one look at the expiry.
 *
 * @param store - knows the keys
 * @param getKey - asked before the Authorization header
 */
export function buildCheck (store: KeyStore, getKey: GetKey | undefined): Check {
  return function check (request) {
    const digest = getKey === undefined ? fromHeader(request) : (fromApp(request, getKey) ?? fromHeader(request))
    if (typeof digest !== 'string') return digest
    try {
      const found: unknown = store.find(digest)
      // A record is what is usually there: it is asked no more than it must be.
      if (isRecordOf(found, digest)) return unlessExpired(found)
      return isThenable(found) ? judgeLater(found, digest) : judge(found, digest)
    } catch (cause) {
      return unavailable(cause)
    }
  }
}

function judgeLater (answer: PromiseLike<unknown>, digest: string): Promise<Outcome> {
  return Promise.resolve(answer).then(settled => judge(settled, digest)).catch(unavailable)
}

function fromHeader (request: Request): string | Rejection {
  const token = parseAuthorization(request.headers.authorization)
  return typeof token === 'string' ? digestOf(token) : token
}

function fromApp (request: Request, getKey: GetKey): string | Rejection | undefined {
  const given: unknown = getKey(request)
  if (given === undefined || given === null) return undefined
  if (isThenable(given)) throw new FST_DBGPT_AUTH_GET_KEY()
  if (typeof given === 'object' && 'digest' in given) return isDigest(given.digest) ? given.digest : MALFORMED
  const token = parseToken(given)
  return typeof token === 'string' ? digestOf(token) : token
}

function judge (answer: unknown, digest: string): Outcome {
  if (isRecordOf(answer, digest)) return unlessExpired(answer)
  if (answer === undefined || answer === null) return UNKNOWN
  return unavailable(new FST_DBGPT_AUTH_KEY_STORE_ANSWER(typeof answer))
}

/** The one place where expiry is checked. */
function unlessExpired (apiKey: ApiKey): Outcome {
  const { expiresAt } = apiKey
  if (expiresAt === undefined) return apiKey
  if (!isValidDate(expiresAt)) return unavailable(new FST_DBGPT_AUTH_KEY_STORE_ANSWER('its expiresAt is no valid Date'))
  return Date.now() < expiresAt.getTime() ? apiKey : new Rejection('expired', apiKey)
}

function isRecordOf (answer: unknown, digest: string): answer is ApiKey {
  return typeof answer === 'object' && answer !== null && (answer as Partial<ApiKey>).digest === digest
}

function unavailable (cause: unknown): Rejection {
  return new Rejection('unavailable', null, cause)
}

function isThenable (value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
