import { hash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { FST_DBGPT_AUTH_GET_KEY } from '../errors.ts'
import { digestOf, isDigest } from '../keys/digest.ts'
import type { GetKey } from '../types.ts'
import { MALFORMED, MISSING, type Rejection } from './rejection.ts'

// RFC 9110 §11.4: one or more spaces after the scheme. DB-GPT narrows nothing, a key may be any visible ASCII.
const CREDENTIALS = /^bearer +[\x21-\x7e]+$/i
const BEARER_SCHEME = /^bearer(?![\w!#$%&'*+.^`|~-])/i
const TOKEN = /^[\x21-\x7e]+$/
const SCHEME_LENGTH = 'Bearer '.length
const MAX_TOKEN_LENGTH = 512

/** Takes the digest of the caller's key out of a request, or says why there is none. */
export type ReadCredentials = (request: FastifyRequest) => string | Rejection

/** @param getKey - asked before the Authorization header, which serves where it returns nothing */
export function buildReadCredentials (getKey: GetKey | undefined): ReadCredentials {
  if (getKey === undefined) return readHeader
  return request => readGiven(getKey(request)) ?? readHeader(request)
}

function readHeader (request: FastifyRequest): string | Rejection {
  const value = request.headers.authorization
  if (value === undefined) return MISSING
  if (!CREDENTIALS.test(value)) return BEARER_SCHEME.test(value) ? MALFORMED : MISSING
  // One space is usual, and found for nothing; a token has none in it, so of several the last one stands before it.
  const token = value.slice(value[SCHEME_LENGTH] === ' ' ? value.lastIndexOf(' ') + 1 : SCHEME_LENGTH)
  // What digestOf does, the one digest of a request.
  return token.length <= MAX_TOKEN_LENGTH ? hash('sha256', token, 'hex') : MALFORMED
}

/** A client may have made of it whatever it could, an array for one. */
function readGiven (given: unknown): string | Rejection | undefined {
  // A client may send an empty header beside a good one.
  if (given === undefined || given === null || given === '') return undefined
  if (typeof given === 'object' && 'then' in given) {
    // What it rejects with would end the process.
    Promise.resolve(given).catch(() => {})
    throw new FST_DBGPT_AUTH_GET_KEY()
  }
  if (typeof given === 'object' && 'digest' in given) return isDigest(given.digest) ? given.digest : MALFORMED
  return typeof given === 'string' && given.length <= MAX_TOKEN_LENGTH && TOKEN.test(given) ? digestOf(given) : MALFORMED
}
