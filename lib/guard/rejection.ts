import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction as Done } from 'fastify'
import type { ApiKey, RejectionReason } from '../types.ts'

/** Why a request is not let in. */
export class Rejection {
  readonly reason: RejectionReason
  /** The record of the key, where it was recognised. */
  readonly apiKey: ApiKey | null
  /** Of a key store that failed. */
  readonly error: Error | undefined

  constructor (reason: RejectionReason, apiKey: ApiKey | null = null, error?: Error) {
    this.reason = reason
    this.apiKey = apiKey
    this.error = error
  }
}

export const MISSING = new Rejection('missing')
export const MALFORMED = new Rejection('malformed')
export const UNKNOWN = new Rejection('unknown')

/** Does what is to be done about a request that is not let in. */
export type Reject = (request: FastifyRequest, reply: FastifyReply, rejection: Rejection, done: Done) => void
