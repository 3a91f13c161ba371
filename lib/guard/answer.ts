import type { FastifyRequest } from 'fastify'
import type { ErrorFormat, ErrorFormatter, RejectionInfo, RejectionReason } from '../types.ts'
import { explain } from './explanations.ts'
import { pythonRepr } from './python-repr.ts'
import type { Rejection } from './rejection.ts'

/** What a request that is not let in is answered. */
export interface Answer {
  readonly info: RejectionInfo
  readonly headers: Readonly<Record<string, string>>
  readonly bodies: Readonly<Record<ErrorFormat, Buffer>>
}

export type Answers = Readonly<Record<RejectionReason, Answer>>

/** The three bodies of DB-GPT, to the byte. */
const FORMATS: Readonly<Record<ErrorFormat, (info: RejectionInfo) => object>> = {
  openai: ({ message, type, code }) => ({ error: { message, type, param: null, code } }),
  fastapi: info => ({ detail: FORMATS.openai(info) }),
  // DB-GPT's web server writes str(detail), Python's repr of the dictionary, into its own envelope.
  dbgpt: ({ status, message, type, code }) => ({
    success: false,
    err_code: String(status),
    err_msg: `{'error': {'message': ${pythonRepr(message)}, 'type': '${type}', 'param': None, 'code': '${code}'}}`,
    data: null
  })
}

export const ERROR_FORMATS = Object.keys(FORMATS)

/**
 * Makes the answers, once and for all.
 *
 * @param message - what all of them say; undefined, nothing, or what to do by reason
 * @param isExplained - which of the two
 */
export function buildAnswers (realm: string, message?: string, isExplained = false): Answers {
  const messageOf = (reason: RejectionReason): string => message ?? (isExplained ? explain(reason) : '')
  // RFC 6750 §3: a request without credentials gets a bare challenge, one with bad credentials learns what is wrong.
  const unauthorized = (reason: RejectionReason, description?: string): Answer => {
    const error = description === undefined ? '' : `, error="invalid_token", error_description="${description}"`
    const info: RejectionInfo = { status: 401, reason, message: messageOf(reason), type: 'invalid_request_error', code: 'invalid_api_key' }
    return answerOf(info, { 'www-authenticate': `Bearer realm="${realm}"${error}` })
  }
  return {
    missing: unauthorized('missing'),
    malformed: unauthorized('malformed', 'The API key is malformed'),
    unknown: unauthorized('unknown', 'The API key is not valid'),
    expired: unauthorized('expired', 'The API key has expired'),
    scope: answerOf(
      { status: 403, reason: 'scope', message: messageOf('scope'), type: 'invalid_request_error', code: 'insufficient_scope' },
      { 'www-authenticate': `Bearer realm="${realm}", error="insufficient_scope"` }
    ),
    unavailable: answerOf(
      { status: 503, reason: 'unavailable', message: messageOf('unavailable'), type: 'server_error', code: 'key_store_unavailable' },
      { 'retry-after': '1' }
    )
  }
}

function answerOf (info: RejectionInfo, headers: Answer['headers']): Answer {
  const bodies = Object.fromEntries(Object.entries(FORMATS).map(([name, format]) => [name, toBytes(format(info))]))
  return { info, headers: { ...headers, 'cache-control': 'no-store' }, bodies: bodies as Record<ErrorFormat, Buffer> }
}

/** Returns the headers of an answer; RFC 6750 §3: those of a 403 name the scopes that are asked for. */
export function headersOf ({ headers }: Answer, { lack }: Rejection): Answer['headers'] {
  if (lack === undefined) return headers
  return { ...headers, 'www-authenticate': `${headers['www-authenticate']}, scope="${lack.needed.join(' ')}"` }
}

/**
 * Returns the body of an answer.
 *
 * @throws what the formatter throws, and a TypeError if it returns neither a format's name nor an object
 */
export function bodyOf ({ info, bodies }: Answer, format: ErrorFormat | ErrorFormatter, request: FastifyRequest): Buffer {
  const chosen = typeof format === 'function' ? format(info, request) : format
  if (typeof chosen === 'string' && Object.hasOwn(bodies, chosen)) return bodies[chosen]
  if (typeof chosen === 'object' && chosen !== null && !('then' in chosen)) return toBytes(chosen)
  // It answers too late: what it rejects with would end the process.
  Promise.resolve(chosen).catch(() => {})
  throw new TypeError('errorFormat must return the name of a format or an object')
}

/** A Buffer: a string would pass through a reply.serializer that an earlier hook has set. */
function toBytes (body: object): Buffer {
  const json: unknown = JSON.stringify(body)
  if (typeof json !== 'string') throw new TypeError('errorFormat must return an object that JSON can hold')
  return Buffer.from(json)
}
