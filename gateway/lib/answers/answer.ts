import type { FastifyReply, FastifyRequest } from 'fastify'
import { FAULT_POLICY, faultPage } from './fault-page.ts'
import { languageOf } from './page.ts'

/** Who reads an answer: a person, DB-GPT's pages in their API calls, or a client of OpenAI's API. */
export type Reader = 'person' | 'dbgpt' | 'openai'

/**
 * Tells who reads the answer to a request.
 *
 * @param request - the request
 */
export function readerOf ({ method, url, headers }: FastifyRequest): Reader {
  const { accept = '', referer, 'sec-fetch-mode': mode } = headers
  // What a browser shows: an address, or what becomes of a form.
  const canNavigate = isRead(method) || method === 'POST'
  if (canNavigate && (mode === 'navigate' || (mode === undefined && accept.includes('text/html')))) return 'person'
  if (url.startsWith('/api/')) return 'dbgpt'
  // DB-GPT's pages ask for more than /api/: /knowledge/, say. What OpenAI's clients ask for is /v1/.
  const isPage = mode !== undefined || referer !== undefined
  return isPage && !url.startsWith('/v1/') ? 'dbgpt' : 'openai'
}

/** Tells whether a method sends nothing, so that what it asks for can be asked for again. */
export function isRead (method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

/**
 * Makes an answer of a fault, in the words of whoever reads it.
 *
 * @param request - the request
 * @param reply - its answer
 * @param status - the HTTP status
 * @param code - what programs tell it by
 * @param message - what it is, in a line
 * @returns the body
 */
export function faultBody (
  request: FastifyRequest, reply: FastifyReply, status: number, code: string, message: string
): Buffer {
  const reader = readerOf(request)
  reply.code(status).header('cache-control', 'no-store')
  if (reader === 'person') {
    const language = languageOf(request.headers['accept-language'])
    reply.type('text/html; charset=utf-8').headers({
      vary: 'accept-language',
      'content-language': language,
      'content-security-policy': FAULT_POLICY,
      'x-content-type-options': 'nosniff'
    })
    return Buffer.from(faultPage(language, status, code, isRead(request.method)))
  }
  reply.type('application/json')
  const type = status < 500 ? 'invalid_request_error' : 'server_error'
  return Buffer.from(JSON.stringify(reader === 'openai'
    ? { error: { message, type, param: null, code } }
    : { success: false, err_code: String(status), err_msg: message, data: null }))
}
