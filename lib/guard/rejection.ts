import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction as Done } from 'fastify'
import type { ApiKey, RejectionReason } from '../types.ts'

/** What a good key lacks. */
export interface Lack {
  /** All scopes that the route asks for. */
  readonly needed: readonly string[]
  /** Those that the key does not have. */
  readonly missing: readonly string[]
}

/** Why a request is not let in. */
export class Rejection {
  readonly reason: RejectionReason
  /** The record of the key, where it was recognised. */
  readonly apiKey: ApiKey | null
  /** Of a key store that failed. */
  readonly error: Error | undefined
  /** Of a key without the scopes. */
  readonly lack: Lack | undefined

  constructor (reason: RejectionReason, apiKey: ApiKey | null = null, error?: Error, lack?: Lack) {
    this.reason = reason
    this.apiKey = apiKey
    this.error = error
    this.lack = lack
  }
}

export const MISSING = new Rejection('missing')
export const MALFORMED = new Rejection('malformed')
export const UNKNOWN = new Rejection('unknown')

/** Does what is to be done about a request that is not let in. */
export type Reject = (request: FastifyRequest, reply: FastifyReply, rejection: Rejection, done: Done) => void
