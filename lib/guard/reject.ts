import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { FST_DBGPT_AUTH_INSUFFICIENT_SCOPE, FST_DBGPT_AUTH_UNAUTHORIZED } from '../errors.ts'
import type { ErrorFormat, ErrorFormatter, LogLevel } from '../types.ts'
import { type Answer, type Answers, bodyOf, headersOf } from './answer.ts'
import { endConnection } from './connection.ts'
import { buildPreflightWarning } from './order.ts'
import type { Reject } from './rejection.ts'

/** Logs why a request is not let in, and answers it. */
export function buildReject (
  fastify: FastifyInstance, answers: Answers, errorFormat: ErrorFormat | ErrorFormatter, logLevel: LogLevel
): Reject {
  const warnOfPreflight = buildPreflightWarning(fastify)

  return function reject (request, reply, rejection) {
    const { reason, apiKey, error, lack } = rejection
    const answer = answers[reason]
    const level = error === undefined ? logLevel : 'error'
    if (level !== 'silent') {
      // The route's pattern: a URL may have a key in it.
      const { method, routeOptions: { url: route }, ip } = request
      request.log[level]({ reason, keyId: apiKey?.id, missingScopes: lack?.missing, method, route, ip, err: error }, 'API key rejected')
    }
    warnOfPreflight(request)
    endConnection(request, reply)
    reply.code(answer.info.status).headers(headersOf(answer, rejection)).type('application/json').send(body(request, answer))
  }

  function body (request: FastifyRequest, answer: Answer): Buffer {
    try {
      return bodyOf(answer, errorFormat, request)
    } catch (err) {
      request.log.error({ err }, 'errorFormat failed: the format openai is used')
      return answer.bodies.openai
    }
  }
}

/**
 * Leaves the answer to the application, by an error that says what to answer.
 *
 * @param reject - answers in its place, if it is asked to
 * @param isExplained - whether the error says what the answer would
 */
export function buildHandOver (answers: Answers, reject: Reject, isExplained: boolean): Reject {
  return function handOver (_request, reply, rejection, done) {
    const { reason, error = new (reason === 'scope' ? FST_DBGPT_AUTH_INSUFFICIENT_SCOPE : FST_DBGPT_AUTH_UNAUTHORIZED)() } = rejection
    const { status, message } = answers[reason].info
    // Not '', which the option may be, as an error without a text helps nobody.
    if (isExplained && message !== '') error.message = message
    const headers = headersOf(answers[reason], rejection)
    const send = (reply: FastifyReply): void => { reject(reply.request, reply, rejection, () => {}) }
    reply.code(status)
    done(Object.defineProperty(Object.assign(error, { reason, headers }), 'send', { value: send }))
  }
}
