import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'

const WINDOW_MS = 60_000

/** Counts keys that were presented and refused, by address. */
export interface Attempts {
  /** Counts one, and tells as {@link Attempts.wait} does whether it was over the limit. */
  count (request: FastifyRequest): Promise<number>
  /** Returns how many seconds an address must wait until its next attempt counts for anything; 0, it need not. */
  wait (request: FastifyRequest): Promise<number>
}

/**
 * Makes a counter.
 *
 * @param app - the gateway
 * @param max - how many a minute are let go
 */
export async function createAttempts (app: FastifyInstance, max: number): Promise<Attempts> {
  await app.register(rateLimit, { global: false })
  const check = app.createRateLimit({ max, timeWindow: WINDOW_MS })
  return {
    async count (request) {
      const limit = await check(request)
      return limit.isAllowed || !limit.isExceeded ? 0 : limit.ttlInSeconds
    },
    async wait (request) {
      const limit = await check(request, { increment: false })
      return limit.isAllowed || limit.remaining > 0 ? 0 : limit.ttlInSeconds
    }
  }
}
