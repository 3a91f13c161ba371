import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { SharedAttempts } from './shared-attempts.ts'

const WINDOW_MS = 60_000

/** Counts keys that were presented and refused, by address. */
export interface Attempts {
  /** Counts one, and tells as {@link Attempts.wait} does whether it was over the limit. */
  count (request: FastifyRequest): Promise<number>
  /** Returns how many seconds an address must wait until its next attempt counts for anything; 0, it need not. */
  wait (request: FastifyRequest): Promise<number>
}

export interface AttemptsOptions {
  /** How many a minute are let go. */
  readonly max: number
  /** The Redis in which a fleet counts together; blank, each instance counts for itself. */
  readonly redisUrl: string
}

/**
 * Makes a counter.
 *
 * @param app - the gateway
 * @param options - how many, and where else they are counted
 */
export async function createAttempts (app: FastifyInstance, { max, redisUrl }: AttemptsOptions): Promise<Attempts> {
  await app.register(rateLimit, { global: false })
  const check = app.createRateLimit({ max, timeWindow: WINDOW_MS })
  const shared = redisUrl === '' ? undefined : new SharedAttempts(redisUrl, WINDOW_MS, app.log)
  await shared?.open()
  app.addHook('onClose', async () => shared?.close())
  return {
    async count (request) {
      const limit = await check(request)
      if (!limit.isAllowed && limit.isExceeded) return limit.ttlInSeconds
      const { count, rest } = await shared?.add(limit.key) ?? { count: 0, rest: 0 }
      return count > max ? Math.ceil(rest / 1000) : 0
    },
    async wait (request) {
      const limit = await check(request, { increment: false })
      if (!limit.isAllowed && limit.remaining === 0) return limit.ttlInSeconds
      const { count, rest } = await shared?.read(limit.key) ?? { count: 0, rest: 0 }
      return count >= max ? Math.ceil(rest / 1000) : 0
    }
  }
}
