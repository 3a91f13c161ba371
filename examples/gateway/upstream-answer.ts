import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { faultBody } from './answer.ts'

/** What is said for one connection alone, and what undici does not take. */
export const CONNECTION = /^(connection|keep-alive|te|trailer|upgrade|http2-settings|expect|proxy-.*)$/

/**
 * Returns the headers of an answer of DB-GPT's as its client is to have them.
 *
 * @param headers - as DB-GPT has sent them
 */
export function answerHeaders (headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !CONNECTION.test(name)))
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
