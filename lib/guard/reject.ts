import { inspect } from 'node:util'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { FST_DBGPT_AUTH_KEY_STORE_UNAVAILABLE, FST_DBGPT_AUTH_UNAUTHORIZED } from '../errors.ts'
import type { ErrorFormat, ErrorFormatter, LogLevel, VerificationError } from '../types.ts'
import { type Answer, type Answers, bodyOf } from './answer.ts'
import { endConnection } from './connection.ts'
import { buildPreflightWarning } from './order.ts'
import type { Reject, Rejection } from './rejection.ts'

/** Logs why a request is not let in, and answers it. */
export function buildReject (
  fastify: FastifyInstance, answers: Answers, errorFormat: ErrorFormat | ErrorFormatter, logLevel: LogLevel
): Reject {
  const warnOfPreflight = buildPreflightWarning(fastify)

  return function reject (request, reply, rejection) {
    const answer = answers[rejection.reason]
    log(request, rejection)
    warnOfPreflight(request)
    endConnection(request, reply)
    reply.code(answer.info.status).headers(answer.headers).type('application/json; charset=utf-8').send(body(request, answer))
  }

  function log ({ log }: FastifyRequest, { reason, apiKey, cause }: Rejection): void {
    if (reason === 'unavailable') log.error({ err: storeError(cause), reason }, 'API key rejected')
    else if (logLevel !== 'silent') log[logLevel](apiKey === null ? { reason } : { reason, keyId: apiKey.id }, 'API key rejected')
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
  return function handOver (_request, reply, { reason, cause }, done) {
    const error = reason === 'unavailable' ? storeError(cause) : new FST_DBGPT_AUTH_UNAUTHORIZED()
    const { info: { status }, headers } = answers[reason]
    reply.code(status)
    done(Object.assign(error, { reason, headers }) satisfies VerificationError)
  }
}

/** Wraps what a key store threw, for the log alone, in an error whose text a client may see. */
function storeError (cause: unknown): InstanceType<typeof FST_DBGPT_AUTH_KEY_STORE_UNAVAILABLE> {
  // A logger follows a chain of errors and of nothing else.
  return new FST_DBGPT_AUTH_KEY_STORE_UNAVAILABLE({ cause: cause instanceof Error ? cause : new Error(inspect(cause)) })
}
