import { pythonRepr } from './python-repr.ts'
import type {
  ApiKeyEvent, ErrorFormat, ErrorFormatter, RejectionInfo, RejectionReason
} from '../types.ts'

/** An answer to a refused request, but for the body. */
export interface Refusal {
  readonly info: RejectionInfo
  readonly headers: Readonly<Record<string, string>>
}

// RFC 6750 §3: a request without credentials gets a bare challenge, one with bad credentials learns what is wrong.
const DESCRIPTIONS = {
  missing: undefined,
  malformed: 'The API key is malformed',
  unknown: 'The API key is not valid',
  expired: 'The API key has expired'
} as const

/**
 * Prepares the status and headers of every refusal.
 *
 * @param realm - the challenge's realm, printable ASCII without `"` and `\`
 * @param message - what the body's `message` is to say
 */
export function prepareRefusals (realm: string, message: string): Readonly<Record<RejectionReason, Refusal>> {
  return {
    missing: unauthorized('missing', realm, message),
    malformed: unauthorized('malformed', realm, message),
    unknown: unauthorized('unknown', realm, message),
    expired: unauthorized('expired', realm, message),
    unavailable: {
      info: { status: 503, reason: 'unavailable', message, type: 'server_error', code: 'key_store_unavailable' },
      headers: { 'retry-after': '1', 'cache-control': 'no-store' }
    }
  }
}

function unauthorized (reason: keyof typeof DESCRIPTIONS, realm: string, message: string): Refusal {
  const description = DESCRIPTIONS[reason]
  const error = description === undefined ? '' : `, error="invalid_token", error_description="${description}"`
  return {
    info: { status: 401, reason, message, type: 'invalid_request_error', code: 'invalid_api_key' },
    headers: { 'www-authenticate': `Bearer realm="${realm}"${error}`, 'cache-control': 'no-store' }
  }
}

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

/** The names of the formats. */
export const ERROR_FORMATS = Object.keys(FORMATS)

/**
 * Writes the body of a refusal.
 *
 * @param format - the option `errorFormat`
 * @param info - what is refused, and why
 * @param request - for the formatter
 * @returns JSON text
 * @throws what the formatter throws, and a TypeError if it returns neither a format's name nor an object
 */
export function writeBody (
  format: ErrorFormat | ErrorFormatter, info: RejectionInfo, request: ApiKeyEvent['request']
): string {
  const chosen = typeof format === 'function' ? format(info, request) : format
  if (typeof chosen === 'string' && Object.hasOwn(FORMATS, chosen)) return JSON.stringify(FORMATS[chosen](info))
  if (typeof chosen !== 'object' || chosen === null || 'then' in chosen) {
    throw new TypeError('errorFormat must return the name of a format or an object')
  }
  const body: unknown = JSON.stringify(chosen)
  if (typeof body !== 'string') throw new TypeError('errorFormat must return an object that JSON can hold')
  return body
}
