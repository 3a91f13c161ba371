import type { IncomingMessage } from 'node:http'
import { inspect } from 'node:util'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { buildPreflightWarning } from './order.ts'
import { FST_DBGPT_AUTH_KEY_STORE_UNAVAILABLE } from '../errors.ts'
import type { Rejection } from './rejection.ts'
import type { DbgptAuthOptions, RejectionReason } from '../types.ts'
import { type Refusal, writeBody } from './answer.ts'

const MAX_DISCARDED_BODY = 65_536
const LINGER_MS = 1000

/** Answers a refused request, and logs why. */
export type Refuse = (request: FastifyRequest, reply: FastifyReply, rejection: Rejection) => void

/**
 * Builds the answer to refused requests.
 *
 * @param fastify - the scope that is guarded
 * @param refusals - status and headers for each reason
 * @param options - the format of the body and the level of the log line
 */
export function buildRefuse (
  fastify: FastifyInstance,
  refusals: Readonly<Record<RejectionReason, Refusal>>,
  { errorFormat = 'openai', logLevel = 'info' }: DbgptAuthOptions
): Refuse {
  const warnOfPreflight = buildPreflightWarning(fastify)
  return function refuse (request, reply, rejection) {
    const { info, headers } = refusals[rejection.reason]
    if (rejection.reason === 'unavailable') {
      request.log.error({ err: storeError(rejection.cause), reason: rejection.reason }, 'API key rejected')
    } else if (logLevel !== 'silent') {
      request.log[logLevel](describe(rejection), 'API key rejected')
    }
    warnOfPreflight(request)
    let body
    try {
      body = writeBody(errorFormat, info, request)
    } catch (err) {
      request.log.error({ err }, 'errorFormat failed: the format openai is used')
      body = writeBody('openai', info, request)
    }
    endConnection(request, reply)
    // A Buffer: a string would pass through a reply.serializer that an earlier hook has set.
    reply.code(info.status).headers(headers).type('application/json; charset=utf-8').send(Buffer.from(body))
  }
}

function describe ({ reason, apiKey }: Rejection): object {
  return apiKey === null ? { reason } : { reason, keyId: apiKey.id }
}

/**
 * Wraps what a key store threw in an error whose text a client may see.
 *
 * @param cause - what it threw, for the log alone
 */
export function storeError (cause: unknown): ReturnType<typeof FST_DBGPT_AUTH_KEY_STORE_UNAVAILABLE> {
  // A logger follows a chain of errors and of nothing else.
  return new FST_DBGPT_AUTH_KEY_STORE_UNAVAILABLE({ cause: cause instanceof Error ? cause : new Error(inspect(cause)) })
}

/** Ends the connection after the answer where what follows it would be read for nothing. */
function endConnection ({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (raw.httpVersionMajor !== 1) return
  if ((raw as IncomingMessage & { upgrade?: boolean }).upgrade === true) {
    // Nobody owns an upgraded socket: unless it is ended here, it stays open, and close() waits for it.
    reply.raw.once('finish', () => raw.socket.destroySoon())
  } else if (hasLongBody(raw)) {
    cutBody(raw)
  } else {
    return
  }
  reply.header('connection', 'close')
}

/**
 * Stops reading a body, and lets its client read the answer before the socket goes: one that is closed with unread
 * data in it is reset, and an answer on its way may be lost with it (RFC 9112 §9.6).
 */
function cutBody (raw: IncomingMessage): void {
  const { socket } = raw
  // A body that was asked for and is not taken stops coming; Node reads to its end one that nobody asked for.
  raw.pause().read(0)
  // Node ends the socket so, once the answer is written.
  socket.destroySoon = () => {
    socket.end()
    setTimeout(() => socket.destroy(), LINGER_MS)
  }
}

function hasLongBody ({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > MAX_DISCARDED_BODY
}
