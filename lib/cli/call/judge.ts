import type { FastifyRequest } from 'fastify'
import { trimBlanks } from '../../keys/key-list.ts'
import { buildCheck, type Check, type Outcome } from '../../guard/check.ts'
import { buildReadCredentials } from '../../guard/credentials.ts'
import { MISSING, Rejection } from '../../guard/rejection.ts'
import { judgeScopes } from '../../guard/scopes.ts'
import { isDigestText } from '../../keys/api-key.ts'
import { digestOf, idOf, isDigest } from '../../keys/digest.ts'
import { readKeyText } from '../../doctor/client/key-text.ts'
import { isDamagedApiKey, isMistypedApiKey } from '../../keys/generate.ts'
import { mistakeOf } from '../../keys/miswritten.ts'
import { FileKeyStore } from '../../stores/file/store.ts'
import { RedisKeyStore } from '../../stores/redis/store.ts'
import type { ApiKey, KeyStore, RejectionReason } from '../../types.ts'

/** What is said of a key; `mistyped`, `miswritten` and `revoked` of one that the plugin calls unknown or malformed. */
export type Verdict = { readonly id?: string } & (
  | { readonly verdict: 'good', readonly key: ApiKey }
  | { readonly verdict: 'expired', readonly key: ApiKey }
  | { readonly verdict: 'scope', readonly key: ApiKey, readonly missing: readonly string[] }
  | { readonly verdict: 'miswritten', readonly mistake: string, readonly without: boolean }
  | { readonly verdict: 'revoked', readonly at: Date, readonly actor: string, readonly name?: string | undefined }
  | { readonly verdict: 'unavailable', readonly cause: Error }
  | { readonly verdict: 'malformed', readonly why?: string }
  | { readonly verdict: Exclude<RejectionReason, 'expired' | 'malformed' | 'scope' | 'unavailable'> | 'mistyped' }
)

const DIGEST = 'is the digest of a key: a request carries the key itself'

const ID = /^[\da-f]{16}$/
const IS_ID = 'looks like the id of a key: a request carries the key itself'

/** All that is looked at of a request. */
const requestWith = (authorization: string): FastifyRequest =>
  ({ method: 'GET', headers: { authorization }, routeOptions: {} }) as FastifyRequest

/**
 * Judges a key as the plugin does, by a store that is opened for it; then looks for why it is not let in.
 *
 * @param given - what should be a key's text
 * @param scopes - what it should be allowed to do
 */
export async function judgeKey (given: string, store: KeyStore, scopes: readonly string[] = []): Promise<Verdict> {
  const text = trimBlanks(given)
  if (text === '') return { verdict: 'missing' }
  try {
    await store.open?.()
  } catch (cause) {
    return { verdict: 'unavailable', cause: cause as Error }
  }
  try {
    const check = buildCheck(store)
    const outcome = await outcomeOf(text, check, scopes)
    return outcome instanceof Rejection ? await explain(text, outcome, store, check) : { verdict: 'good', id: outcome.id, key: outcome }
  } finally {
    await store.close?.()
  }
}

async function outcomeOf (text: string, check: Check, scopes: readonly string[] = []): Promise<Outcome> {
  const request = requestWith(`Bearer ${text}`)
  const credentials = buildReadCredentials(undefined)(request)
  if (credentials instanceof Rejection) return credentials
  const outcome = await check(credentials)
  if (outcome instanceof Rejection || scopes.length === 0) return outcome
  return judgeScopes(outcome, { scopes: [...scopes] }, request)
}

async function explain (text: string, rejection: Rejection, store: KeyStore, check: Check): Promise<Verdict> {
  const { reason, apiKey, error, lack } = rejection
  if (apiKey !== null && reason === 'expired') return { verdict: 'expired', id: apiKey.id, key: apiKey }
  if (apiKey !== null && lack !== undefined) return { verdict: 'scope', id: apiKey.id, key: apiKey, missing: lack.missing }
  if (error !== undefined) return { verdict: 'unavailable', cause: error.cause as Error }
  if (isMistypedApiKey(text)) return { verdict: 'mistyped' }
  const mistake = mistakeOf(text) ?? await mixedUp(text, check)
  if (mistake !== undefined) return { verdict: 'miswritten', mistake, without: await isGood(readKeyText(text).key ?? '', check) }
  if (rejection === MISSING || reason === 'malformed') return { verdict: 'malformed' }
  return await revocationOf(idOf(digestOf(text)), store) ?? { verdict: isDamagedApiKey(text) ? 'mistyped' : 'unknown' }
}

/** Says what was taken for a key that stands for one elsewhere. */
async function mixedUp (text: string, check: Check): Promise<string | undefined> {
  const digest = text.toLowerCase()
  if (isDigestText(text) || (isDigest(digest) && !(await check(digest) instanceof Rejection))) return DIGEST
  return ID.test(text) ? IS_ID : undefined
}

async function isGood (text: string, check: Check): Promise<boolean> {
  return text !== '' && !(await outcomeOf(text, check) instanceof Rejection)
}

/** Looks in the history of a store for who has revoked a key; what cannot be read says nothing. */
async function revocationOf (id: string, store: KeyStore): Promise<Verdict | undefined> {
  if (!(store instanceof FileKeyStore || store instanceof RedisKeyStore)) return undefined
  const entries = await store.history().catch(() => [])
  const last = entries.findLast(({ keys, failed }) => failed !== true && keys.some(key => key.id === id))
  if (last?.action !== 'revoke') return undefined
  return { verdict: 'revoked', id, at: last.at, actor: last.actor, name: last.keys.find(key => key.id === id)?.name }
}
