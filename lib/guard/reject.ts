import type { FastifyInstance, FastifyRequest } from 'fastify'
import { FST_DBGPT_AUTH_UNAUTHORIZED } from '../errors.ts'
import type { ErrorFormat, ErrorFormatter, LogLevel } from '../types.ts'
import { type Answer, type Answers, bodyOf } from './answer.ts'
import { endConnection } from './connection.ts'
import { buildPreflightWarning } from './order.ts'
import type { Reject } from './rejection.ts'

/** Logs why a request is not let in, and answers it. */
export function buildReject (
  fastify: FastifyInstance, answers: Answers, errorFormat: ErrorFormat | ErrorFormatter, logLevel: LogLevel
): Reject {
  const warnOfPreflight = buildPreflightWarning(fastify)

  return function reject (request, reply, { reason, apiKey, error }) {
    const answer = answers[reason]
    if (error !== undefined) request.log.error({ err: error, reason }, 'API key rejected')
    else if (logLevel !== 'silent') request.log[logLevel]({ reason, keyId: apiKey?.id }, 'API key rejected')
    warnOfPreflight(request)
    endConnection(request, reply)
    reply.code(answer.info.status).headers(answer.headers).type('application/json; charset=utf-8').send(body(request, answer))
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

/** Leaves the answer to the application, by an error that says what to answer. */
export function buildHandOver (answers: Answers): Reject {
  return function handOver (_request, reply, { reason, error = new FST_DBGPT_AUTH_UNAUTHORIZED() }, done) {
    const { info: { status }, headers } = answers[reason]
    reply.code(status)
    done(Object.assign(error, { reason, headers }))
  }
}
