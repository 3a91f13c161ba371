import { hash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { isDate } from 'node:util/types'
import { FST_DBGPT_AUTH_KEY_INVALID } from '../errors.ts'
import { FrozenDate } from './frozen-date.ts'
import type { ApiKey, ApiKeyInit } from '../types.ts'

const KEY = /^[\x21-\x2b\x2d-\x7e]{1,512}$/
const DIGEST = /^[0-9a-f]{64}$/
const ID = /^[0-9a-f]{16}$/
// Its digits may be of any case, so its letters may: taken for a key's text, a digest that leaks would let its thief in.
const DIGEST_PREFIX = /^sha256:/i
const MAX_NAME_LENGTH = 200
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u
const FIELDS = new Set(['id', 'key', 'digest', 'name', 'createdAt', 'expiresAt', 'metadata'])

/** How many digits of a digest are a key's id. */
export const ID_LENGTH = 16

/**
 * Computes the digest by which a key is found.
 *
 * @param text - the key's text, ASCII
 * @returns its SHA-256 digest, 64 lower-case hex digits
 */
export function digestOf (text: string): string {
  return hash('sha256', text, 'hex')
}

/**
 * Tells whether a value is a digest as stores know it.
 *
 * @param value - anything
 */
export function isDigest (value: unknown): value is string {
  return typeof value === 'string' && DIGEST.test(value)
}

/**
 * Tells whether a text is an id.
 *
 * @param text - any string
 */
export function isId (text: string): boolean {
  return ID.test(text)
}

/**
 * Tells whether a key is given by its digest.
 *
 * @param key - the key as it was given
 */
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
  if (typeof init === 'string') return record({}, readKey(init, place))
  if (typeof init !== 'object' || init === null || Array.isArray(init)) {
    throw new FST_DBGPT_AUTH_KEY_INVALID(place, 'give a string, or an object with "key" or "digest"')
  }
  const details = readDetails(init, place)
  if ((init.key === undefined) === (init.digest === undefined)) {
    throw new FST_DBGPT_AUTH_KEY_INVALID(place, 'give either "key" or "digest"')
  }
  const made = record(details, init.key === undefined ? readDigest(init.digest, place) : readKey(init.key, place))
  if ('id' in init && init.id !== made.id) {
    throw new FST_DBGPT_AUTH_KEY_INVALID(place, '"id" must be the first 16 digits of the digest, or left out')
  }
  return made
}

/**
 * Makes the record of a key that expires at another instant.
 *
 * @param key - its record
 * @param at - the instant; undefined is none
 * @throws `FST_DBGPT_AUTH_KEY_INVALID` if it is no valid Date
 */
export function withExpiry (key: ApiKey, at: Date): ApiKey {
  if (!isValidDate(at)) throw new FST_DBGPT_AUTH_KEY_INVALID(`The key ${key.id}`, 'the instant to expire at must be a valid Date')
  return createApiKey({ ...key, expiresAt: at })
}

/** Reads a key's text, or a digest behind `sha256:`. */
function readKey (key: unknown, place: string): string {
  if (typeof key !== 'string' || !KEY.test(key)) {
    throw new FST_DBGPT_AUTH_KEY_INVALID(
      place, 'a key is 1 to 512 visible ASCII characters (no blanks, no comma)'
    )
  }
  return isDigestText(key) ? readDigest(key.slice('sha256:'.length), place) : digestOf(key)
}

function readDigest (digest: unknown, place: string): string {
  const lower = typeof digest === 'string' ? digest.toLowerCase() : digest
  if (!isDigest(lower)) throw new FST_DBGPT_AUTH_KEY_INVALID(place, 'a SHA-256 digest is 64 hex digits')
  return lower
}

type Details = Pick<ApiKey, 'name' | 'createdAt' | 'expiresAt' | 'metadata'>

function readDetails (init: ApiKeyInit, place: string): Details {
  for (const field of Object.keys(init)) {
    if (!FIELDS.has(field)) throw new FST_DBGPT_AUTH_KEY_INVALID(place, `there is no field "${field}"`)
  }
  if (init.name !== undefined && !isName(init.name)) {
    throw new FST_DBGPT_AUTH_KEY_INVALID(place, '"name" is 1 to 200 characters without control characters')
  }
  return {
    name: init.name,
    createdAt: readDate('createdAt', init.createdAt, place),
    expiresAt: readDate('expiresAt', init.expiresAt, place),
    metadata: readMetadata(init.metadata, place)
  }
}

function isName (name: unknown): boolean {
  return typeof name === 'string' && name.length > 0 && name.length <= MAX_NAME_LENGTH && !CONTROL.test(name)
}

function readDate (field: string, value: unknown, place: string): Date | undefined {
  if (value === undefined) return undefined
  if (!isValidDate(value)) throw new FST_DBGPT_AUTH_KEY_INVALID(place, `"${field}" must be a valid Date`)
  return new FrozenDate(value)
}

/**
 * Tells whether a value is a Date that names an instant, from whatever realm.
 *
 * @param value - anything
 */
export function isValidDate (value: unknown): value is Date {
  return isDate(value) && !Number.isNaN(value.getTime())
}

function readMetadata (metadata: unknown, place: string): ApiKey['metadata'] {
  if (metadata === undefined) return undefined
  let copy: unknown
  try {
    copy = JSON.parse(JSON.stringify(metadata))
  } catch { /* cyclic, or with a BigInt in it: no copy */ }
  // Equal to the letter, or something (a Date, a function, an undefined) would be lost on the way.
  if (typeof copy !== 'object' || copy === null || Array.isArray(copy) || !isDeepStrictEqual(copy, metadata)) {
    throw new FST_DBGPT_AUTH_KEY_INVALID(place, '"metadata" must be an object of JSON values')
  }
  return deepFreeze(copy as Record<string, unknown>)
}

function record (details: Details, digest: string): ApiKey {
  return Object.freeze({
    id: digest.slice(0, ID_LENGTH),
    digest,
    name: details.name,
    createdAt: details.createdAt,
    expiresAt: details.expiresAt,
    metadata: details.metadata
  })
}

function deepFreeze<T extends object> (value: T): T {
  for (const child of Object.values(value)) if (typeof child === 'object' && child !== null) deepFreeze(child)
  return Object.freeze(value)
}
