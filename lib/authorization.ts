import { MALFORMED, MISSING, type Rejection } from './rejection.ts'

// RFC 9110 §11.4: one or more spaces after the scheme. DB-GPT narrows nothing, a key may be any visible ASCII.
const CREDENTIALS = /^bearer +[\x21-\x7e]+$/i
const BEARER_SCHEME = /^bearer(?![\w!#$%&'*+.^`|~-])/i
const TOKEN = /^[\x21-\x7e]+$/
const SPACE = 0x20

/** The longest token that is looked at, in characters. */
const MAX_TOKEN_LENGTH = 512

/**
 * Takes the token out of the value of an Authorization header.
 *
 * @param value - the header's value, as Node gives it
 * @returns the token, 1 to 512 visible ASCII characters, or why there is none
 */
export function parseAuthorization (value: string | undefined): string | Rejection {
  if (value === undefined) return MISSING
  if (!CREDENTIALS.test(value)) return BEARER_SCHEME.test(value) ? MALFORMED : MISSING
  // A token has no space in it, so the last one stands before it; usually it is the only one.
  const token = value.slice(value.charCodeAt(7) === SPACE ? value.lastIndexOf(' ') + 1 : 7)
  return token.length <= MAX_TOKEN_LENGTH ? token : MALFORMED
}

/**
 * Checks a token that came by another way than the Authorization header.
 *
 * @param value - the text, or whatever else a client could make of it
 * @returns the token, 1 to 512 visible ASCII characters, or that it is none
 */
export function parseToken (value: unknown): string | Rejection {
  return typeof value === 'string' && value.length <= MAX_TOKEN_LENGTH && TOKEN.test(value) ? value : MALFORMED
}
