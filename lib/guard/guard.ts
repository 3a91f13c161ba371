import diagnostics from 'node:diagnostics_channel'
import type { FastifyContextConfig, FastifyReply, FastifyRequest, HookHandlerDoneFunction as Done } from 'fastify'
import type { ApiKeyEvent, GetKey, KeyStore } from '../types.ts'
import { buildCheck, type Outcome } from './check.ts'
import { buildReadCredentials } from './credentials.ts'
import { type Reject, Rejection } from './rejection.ts'

type PolicyOf = (request: FastifyRequest) => FastifyContextConfig['apiKey']

const accepted = diagnostics.channel('dbgpt-auth:accepted')
const rejected = diagnostics.channel('dbgpt-auth:rejected')

/** What a route's own config asks for. */
export const routePolicy: PolicyOf = request => request.routeOptions.config.apiKey

/**
 * Builds the hook that lets a request in if its key is good; at once, where the store answers at once.
 *
 * @param policyOf - tells whether a request is to be looked at
 * @param reject - does what is to be done about one that is not let in
 */
export function buildGuard (store: KeyStore, getKey: GetKey | undefined, policyOf: PolicyOf, reject: Reject) {
  const [readCredentials, check] = [buildReadCredentials(getKey), buildCheck(store)]

  return function checkApiKey (request: FastifyRequest, reply: FastifyReply, done: Done): void {
    request.apiKey = null
    if (policyOf(request) === false) return done()
    const digest = readCredentials(request)
    const outcome = typeof digest === 'string' ? check(digest) : digest
    // Bound, for a closure would be made for every request, also for those that do not wait.
    if (outcome instanceof Promise) outcome.then(conclude.bind(undefined, request, reply, done))
    else conclude(request, reply, done, outcome)
  }

  function conclude (request: FastifyRequest, reply: FastifyReply, done: Done, outcome: Outcome): void {
    if (outcome instanceof Rejection) {
      if (outcome.reason === 'missing' && policyOf(request) === 'optional') return done()
      const { apiKey, reason } = outcome
      if (rejected.hasSubscribers) rejected.publish({ request, apiKey, reason } satisfies ApiKeyEvent)
      return reject(request, reply, outcome, done)
    }
    request.apiKey = outcome
    if (accepted.hasSubscribers) accepted.publish({ request, apiKey: outcome, reason: null } satisfies ApiKeyEvent)
    done()
  }
}
