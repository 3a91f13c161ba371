import diagnostics from 'node:diagnostics_channel'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Check } from './check.ts'
import { FST_DBGPT_AUTH_UNAUTHORIZED } from '../errors.ts'
import { type Refuse, storeError } from './reject.ts'
import { Rejection } from './rejection.ts'
import type { ApiKey, ApiKeyEvent, RejectionReason, VerificationError, VerifyApiKey } from '../types.ts'
import type { Refusal } from './answer.ts'

type Done = (error?: Error) => void
type Fail = (rejection: Rejection, request: FastifyRequest, reply: FastifyReply, done: Done) => void

const accepted = diagnostics.channel('dbgpt-auth:accepted')
const rejected = diagnostics.channel('dbgpt-auth:rejected')

/**
 * Builds the `onRequest` hook.
 *
 * @param check - tells whose key a request carries
 * @param refuse - answers a request without a good one
 */
export function buildHook (
  check: Check, refuse: Refuse
): (request: FastifyRequest, reply: FastifyReply, done: Done) => void {
  return function checkApiKey (request, reply, done) {
    const policy = request.routeOptions.config.apiKey
    request.apiKey = null
    if (policy === false) return done()
    settle(check(request), policy === 'optional' ? passOrFail : fail, request, reply, done)
  }

  function passOrFail (rejection: Rejection, request: FastifyRequest, reply: FastifyReply, done: Done): void {
    if (rejection.reason === 'missing') done()
    else fail(rejection, request, reply)
  }

  function fail (rejection: Rejection, request: FastifyRequest, reply: FastifyReply): void {
    publishRejection(rejection, request)
    refuse(request, reply, rejection)
  }
}

/**
 * Builds `fastify.verifyApiKey`.
 *
 * @param check - tells whose key a request carries
 * @param refusals - status and headers for each reason
 */
export function buildVerify (check: Check, refusals: Readonly<Record<RejectionReason, Refusal>>): VerifyApiKey {
  return function verifyApiKey (request, reply, done) {
    request.apiKey = null
    // What differs between the servers of HTTP/1 and HTTP/2 is not looked at here.
    settle(check(request as FastifyRequest), fail, request as FastifyRequest, reply as FastifyReply, done as Done)
  }

  function fail (rejection: Rejection, request: FastifyRequest, reply: FastifyReply, done: Done): void {
    publishRejection(rejection, request)
    const error = verificationError(rejection, refusals[rejection.reason])
    reply.code(error.statusCode)
    done(error)
  }
}

/** Goes on at once where the outcome is there. */
function settle (
  outcome: ReturnType<Check>, fail: Fail, request: FastifyRequest, reply: FastifyReply, done: Done
): void {
  if (outcome instanceof Rejection) fail(outcome, request, reply, done)
  else if (outcome instanceof Promise) settleLater(outcome, fail, request, reply, done)
  else accept(outcome, request, done)
}

/** A function of its own, so that the way without a promise allocates no closure. */
function settleLater (
  outcome: Promise<ApiKey | Rejection>, fail: Fail, request: FastifyRequest, reply: FastifyReply, done: Done
): void {
  outcome.then(settled => settle(settled, fail, request, reply, done))
}

function accept (apiKey: ApiKey, request: FastifyRequest, done: Done): void {
  request.apiKey = apiKey
  if (accepted.hasSubscribers) accepted.publish({ request, apiKey, reason: null } satisfies ApiKeyEvent)
  done()
}

function publishRejection ({ apiKey, reason }: Rejection, request: FastifyRequest): void {
  if (rejected.hasSubscribers) rejected.publish({ request, apiKey, reason } satisfies ApiKeyEvent)
}

function verificationError ({ reason, cause }: Rejection, { headers }: Refusal): VerificationError {
  const error = reason === 'unavailable' ? storeError(cause) : new FST_DBGPT_AUTH_UNAUTHORIZED()
  return Object.assign(error, { reason, headers })
}
