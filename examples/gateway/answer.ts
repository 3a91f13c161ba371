import type { FastifyReply, FastifyRequest } from 'fastify'

/** Who reads an answer: a person, DB-GPT's pages in their API calls, or a client of OpenAI's API. */
export type Reader = 'person' | 'dbgpt' | 'openai'

/**
 * Tells who reads the answer to a request.
 *
 * @param request - the request
 */
export function readerOf ({ method, url, headers }: FastifyRequest): Reader {
  const { accept = '', referer, 'sec-fetch-mode': mode } = headers
  const isRead = method === 'GET' || method === 'HEAD'
  if (isRead && (mode === 'navigate' || (mode === undefined && accept.includes('text/html')))) return 'person'
  if (url.startsWith('/api/')) return 'dbgpt'
  // DB-GPT's pages ask for more than /api/: /knowledge/, say. What OpenAI's clients ask for is /v1/.
  const isPage = mode !== undefined || referer !== undefined
  return isPage && !url.startsWith('/v1/') ? 'dbgpt' : 'openai'
}

/**
 * Makes an answer of a fault, in the words of whoever reads it.
 *
 * @param request - the request
 * @param reply - its answer
 * @param status - the HTTP status
 * @param code - what programs tell it by
 * @param message - what people are told
 * @returns the body
 */
export function faultBody (
  request: FastifyRequest, reply: FastifyReply, status: number, code: string, message: string
): Buffer {
  const reader = readerOf(request)
  reply.code(status).header('cache-control', 'no-store')
  reply.type(reader === 'person' ? 'text/plain; charset=utf-8' : 'application/json')
  if (reader === 'person') return Buffer.from(`${message}\n`)
  const type = status < 500 ? 'invalid_request_error' : 'server_error'
  return Buffer.from(JSON.stringify(reader === 'openai'
    ? { error: { message, type, param: null, code } }
    : { success: false, err_code: String(status), err_msg: message, data: null }))
}
