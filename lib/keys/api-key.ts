import { FST_DBGPT_AUTH_KEY_INVALID } from '../errors.ts'
import type { ApiKey, ApiKeyDetails, ApiKeyInit } from '../types.ts'
import { digestOf, idOf, isDigest } from './digest.ts'
import { FIELDS } from './fields.ts'
import { mistakeOf } from './miswritten.ts'

const KEY = /^[\x21-\x2b\x2d-\x7e]{1,512}$/
// Its digits may be of any case, so its letters may: taken for a key's text, a digest that leaks would let its thief in.
const DIGEST_PREFIX = /^sha256:/i
const FIELD_NAME = /^[a-z]{1,12}$/i
const NAMES = ['id', 'key', 'digest', ...Object.keys(FIELDS)]
const DETAILS = Object.entries(FIELDS) as [keyof ApiKeyDetails, typeof FIELDS['name']][]

/** Tells whether a key is given by its digest. */
export function isDigestText (key: string): boolean {
  return DIGEST_PREFIX.test(key)
}

/**
 * Makes the record of a key, for `add` of a key store. The key's text is not kept.
 *
 * @param init - the key's text, `sha256:` and its digest, or an object with one of them and the key's details
 * @param place - what to call the key in an error
 * @returns the record, frozen through and through
 * @throws `FST_DBGPT_AUTH_KEY_INVALID` if something about it is out of its bounds
 * @example
 * await store.add(createApiKey({ key: generateApiKey(), name: 'billing' }))
 */
export function createApiKey (init: string | ApiKeyInit, place = 'The key'): ApiKey {
  const assert: Assert = (holds, problem) => { if (!holds) throw new FST_DBGPT_AUTH_KEY_INVALID(place, problem) }
  const given = typeof init === 'string' ? { key: init } : init
  assert(typeof given === 'object' && given !== null && !Array.isArray(given), 'give a string, or an object with "key" or "digest"')
  for (const field of Object.keys(given)) {
    // A key's text may have been taken for the name of a field.
    const name = FIELD_NAME.test(field) ? ` "${field}"` : `: there are ${NAMES.join(', ')}`
    assert(NAMES.includes(field), `there is no field${name}`)
  }
  assert((given.key === undefined) !== (given.digest === undefined), 'give either "key" or "digest"')
  const digest = given.key === undefined ? readDigest(given.digest, assert) : readKey(given.key, assert)
  // The same fields in the same order, whatever was given.
  const record: Record<string, unknown> = { id: idOf(digest), digest }
  for (const [field, { rule, take }] of DETAILS) {
    const value = given[field] ?? undefined
    record[field] = value === undefined ? undefined : take(value)
    assert(value === undefined || record[field] !== undefined, `"${field}" ${rule}`)
  }
  assert(!('id' in given) || given.id === record.id, '"id" must be the first 16 digits of the digest, or left out')
  return Object.freeze(record) as unknown as ApiKey
}

/**
 * Makes the record of the same key with other details.
 *
 * @throws `FST_DBGPT_AUTH_KEY_INVALID` if one is out of its bounds
 */
export function withDetails (key: ApiKey, details: ApiKeyDetails): ApiKey {
  return createApiKey({ ...key, ...details }, `The key ${key.id}`)
}

type Assert = (holds: unknown, problem: string) => asserts holds

/** Reads a key's text, or a digest behind `sha256:`. */
function readKey (key: unknown, assert: Assert): string {
  if (typeof key !== 'string' || !KEY.test(key)) {
    const mistake = typeof key === 'string' ? mistakeOf(key) : undefined
    assert(false, `a key is 1 to 512 visible ASCII characters (no blanks, no comma)${mistake === undefined ? '' : `; this ${mistake}`}`)
  }
  return isDigestText(key) ? readDigest(key.slice('sha256:'.length), assert) : digestOf(key)
}

function readDigest (digest: unknown, assert: Assert): string {
  const lower = typeof digest === 'string' ? digest.toLowerCase() : digest
  assert(isDigest(lower), 'a SHA-256 digest is 64 hex digits')
  return lower
}
