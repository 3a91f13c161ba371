import { randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { digestOf } from './digest.ts'

const PREFIX = 'dbgpt_'
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const RANDOM_LENGTH = 40
const CHECKSUM_LENGTH = 6
const FORM = `${PREFIX}[${BASE62}]{${RANDOM_LENGTH + CHECKSUM_LENGTH}}`
const GENERATED = new RegExp(`^${FORM}$`)
// Characters lost or too many, in another case, or with something behind it that a sentence ended with.
const DAMAGED = new RegExp(`^${PREFIX}[${BASE62}]{16,80}\\W?$`, 'i')
const HOLDS_GENERATED = new RegExp(FORM)

/**
 * Generates a key: `dbgpt_`, 40 random base62 characters (238 bits) and a checksum of what stands before, so that
 * people and secret scanners can tell a real key from a mistyped one.
 *
 * @returns its text, 52 characters
 */
export function generateApiKey (): string {
  const body = PREFIX + Array.from({ length: RANDOM_LENGTH }, () => BASE62[randomInt(BASE62.length)]).join('')
  return body + checksum(body)
}

/**
 * Hashes a key, to list it by its digest.
 *
 * @param key - its text
 * @returns `sha256:` and 64 hex digits
 */
export function hashApiKey (key: string): string {
  return `sha256:${digestOf(key)}`
}

/**
 * Tells whether a text has the form of a generated key, but not its checksum.
 *
 * @param key - any text
 */
export function isMistypedApiKey (key: string): boolean {
  return GENERATED.test(key) && checksum(key.slice(0, -CHECKSUM_LENGTH)) !== key.slice(-CHECKSUM_LENGTH)
}

/**
 * Tells whether a text was most likely a generated key, before it was mistyped, cut or lengthened. A key of somebody's own
 * may look so: to be asked of those alone that are good for nothing.
 */
export function isDamagedApiKey (key: string): boolean {
  return isMistypedApiKey(key) || (DAMAGED.test(key) && !GENERATED.test(key))
}

/** Tells whether a text of any kind has something of the form of a generated key in it. */
export function holdsGeneratedKey (text: string): boolean {
  return HOLDS_GENERATED.test(text)
}

/** CRC32 (ISO-HDLC, as zlib has it) in base62, most significant digit first. */
function checksum (text: string): string {
  let rest = crc32(text)
  let digits = ''
  for (let place = 0; place < CHECKSUM_LENGTH; place++) {
    digits = BASE62.charAt(rest % BASE62.length) + digits
    rest = Math.floor(rest / BASE62.length)
  }
  return digits
}
