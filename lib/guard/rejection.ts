import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ApiKey, RejectionReason } from '../types.ts'

/** Why a request is not let in. */
export class Rejection {
  readonly reason: RejectionReason
  /** The record of the key, where it was recognised. */
  readonly apiKey: ApiKey | null
  /** What made the key store fail, for the log alone. */
  readonly cause: unknown

  constructor (reason: RejectionReason, apiKey: ApiKey | null = null, cause?: unknown) {
    this.reason = reason
    this.apiKey = apiKey
    this.cause = cause
  }
}

export const MISSING = new Rejection('missing')
export const MALFORMED = new Rejection('malformed')
export const UNKNOWN = new Rejection('unknown')

/** Does what is to be done about a request that is not let in. */
export type Reject = (
  request: FastifyRequest, reply: FastifyReply, rejection: Rejection, done: (error?: Error) => void
) => void
