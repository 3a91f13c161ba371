import diagnostics from 'node:diagnostics_channel'
import type { FastifyContextConfig, FastifyReply, FastifyRequest, HookHandlerDoneFunction as Done } from 'fastify'
import { FST_DBGPT_AUTH_NOT_READY } from '../errors.ts'
import type { ApiKey, ApiKeyEvent } from '../types.ts'
import { type Check, type Outcome, unavailable } from './check.ts'
import type { ReadCredentials } from './credentials.ts'
import { type Reject, Rejection } from './rejection.ts'
import { judgeScopes } from './scopes.ts'

const accepted = diagnostics.channel('dbgpt-auth:accepted')
const rejected = diagnostics.channel('dbgpt-auth:rejected')

/** What a guard goes by. */
export interface Rules {
  /** Tells whether a request is to be looked at, and which scopes are asked for. */
  readonly policyOf: (request: FastifyRequest) => Policy
  readonly readCredentials: ReadCredentials
  readonly check: Check
  /** Does what is to be done about a request that is not let in. */
  readonly reject: Reject
  /** Is told of each check that lets a request in. */
  readonly count?: ((key: ApiKey) => void) | undefined
}

export type Policy = FastifyContextConfig['apiKey']

/** What a route's own config asks for, and nobody else: a prototype may be polluted. */
export function policyIn (config: FastifyContextConfig): Policy {
  const policy = config.apiKey
  return policy !== undefined && Object.hasOwn(config, 'apiKey') ? policy : undefined
}

/** What the route of a request asks for. */
export function routePolicy (request: FastifyRequest): Policy {
  return policyIn(request.routeOptions.config)
}

/** Who asks for a check has decided that there is one; the scopes that the route asks for are part of it. */
export function verificationPolicy (request: FastifyRequest): Policy {
  const policy = routePolicy(request)
  return typeof policy === 'object' ? policy : true
}

/** Every request is looked at, and none let in: what a guard goes by before it knows better. */
export function refuseAll (reject: Reject): Rules {
  const refuse = (): Rejection => unavailable(new FST_DBGPT_AUTH_NOT_READY())
  return { policyOf: () => true, readCredentials: refuse, check: refuse, reject }
}

/** Every request is let in. */
export const letAllIn: Partial<Rules> = { policyOf: () => false }

/**
 * Builds the hook that lets a request in if its key is good; at once, where the store answers at once.
 *
 * @param rules - what it goes by; its fields may be changed while it is on duty
 */
export function buildGuard (rules: Rules) {
  return function checkApiKey (request: FastifyRequest, reply: FastifyReply, done: Done): void {
    request.apiKey = null
    const policy = rules.policyOf(request)
    if (policy === false) return done()
    const digest = rules.readCredentials(request)
    const outcome = typeof digest === 'string' ? rules.check(digest) : digest
    // Bound, for a closure would be made for every request, also for those that do not wait.
    if (outcome instanceof Promise) outcome.then(conclude.bind(undefined, request, reply, done, policy))
    else conclude(request, reply, done, policy, outcome)
  }

  function conclude (request: FastifyRequest, reply: FastifyReply, done: Done, policy: Policy, found: Outcome): void {
    const asksForScopes = typeof policy === 'object' && policy !== null
    const outcome = asksForScopes && !(found instanceof Rejection) ? judgeScopes(found, policy, request) : found
    if (outcome instanceof Rejection) {
      if (outcome.reason === 'missing' && policy === 'optional') return done()
      const { apiKey, reason } = outcome
      if (rejected.hasSubscribers) rejected.publish({ request, apiKey, reason } satisfies ApiKeyEvent)
      return rules.reject(request, reply, outcome, done)
    }
    request.apiKey = outcome
    if (rules.count !== undefined) rules.count(outcome)
    if (accepted.hasSubscribers) accepted.publish({ request, apiKey: outcome, reason: null } satisfies ApiKeyEvent)
    done()
  }
}
