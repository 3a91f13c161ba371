import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { faultBody } from '../answers/answer.ts'

/** What is said for one connection alone, and what undici does not take. */
export const CONNECTION = /^(connection|keep-alive|te|trailer|upgrade|http2-settings|expect|proxy-.*)$/
/** What the gateway itself says: whose pages may call is up to CORS_ORIGINS, not to DB-GPT, which lets anybody's. */
const OURS = /^access-control-/

/**
 * Returns the headers of an answer of DB-GPT's as its client is to have them.
 *
 * @param headers - as DB-GPT has sent them
 * @param upstream - DB-GPT's address
 */
export function answerHeaders (headers: IncomingHttpHeaders, upstream: string): IncomingHttpHeaders {
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !CONNECTION.test(name) && !OURS.test(name)))
  if (typeof kept.location === 'string') kept.location = publicLocation(kept.location, upstream)
  return kept
}

/**
 * Makes a path of a location on DB-GPT's own origin, for there is no other way to it but this one. The scheme does not
 * tell: DB-GPT's server takes it from what it is told of the client's.
 */
function publicLocation (location: string, upstream: string): string {
  const authority = /^(?:https?:)?\/\/([^/?#\\]*)/i.exec(location)?.[1]
  if (authority?.toLowerCase() !== new URL(upstream).host) return location
  const { pathname, search, hash } = new URL(location, upstream)
  // Two slashes would begin with a host (https://url.spec.whatwg.org/#url-serializing).
  return `${pathname.startsWith('//') ? '/.' : ''}${pathname}${search}${hash}`
}

/**
 * Answers a request that DB-GPT has not answered.
 *
 * @param request - the request
 * @param reply - its answer
 * @param isLate - whether DB-GPT was waited for in vain
 */
export function answerFailure (request: FastifyRequest, reply: FastifyReply, isLate: boolean): void {
  const [status, code, message] = isLate
    ? [504, 'upstream_timeout', 'DB-GPT did not answer in time'] as const
    : [502, 'upstream_unavailable', 'DB-GPT cannot be reached'] as const
  reply.send(faultBody(request, reply, status, code, message))
}

/**
 * Answers a request that DB-GPT has answered 401: that is about the gateway's key, for the caller's stays here.
 *
 * @param request - the request
 * @param reply - its answer
 * @param upstreamKey - what DB-GPT was sent as a key; blank, nothing
 */
export function answerUnauthorized (request: FastifyRequest, reply: FastifyReply, upstreamKey: string): void {
  request.log.error(upstreamKey === ''
    ? 'DB-GPT has answered 401: it asks for a key of its own. Set DBGPT_API_KEY to one of its API_KEYS, or turn them off there'
    : 'DB-GPT has answered 401 to DBGPT_API_KEY: set it to one of DB-GPT\'s own API_KEYS, or turn them off there')
  const message = 'DB-GPT asks for a key of its own, which this gateway does not have: whoever runs it must set DBGPT_API_KEY'
  reply.send(faultBody(request, reply, 502, 'upstream_unauthorized', message))
}
