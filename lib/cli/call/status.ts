import type { ApiKey, ApiKeyUsage } from '../../types.ts'
import { DAY_MS } from './time.ts'

const OLD_MS = 90 * DAY_MS

/** How a key is doing. */
export type Status = 'good' | 'old' | 'expired'

/** A record as programs are shown it. */
export type ShownKey = ApiKey & { readonly status: Status, readonly lastUsedAt?: Date, readonly uses?: number }

/**
 * Tells whether a key has expired, or is older than 90 days.
 *
 * @param now - milliseconds since the epoch
 */
export function statusOf ({ createdAt, expiresAt }: ApiKey, now: number): Status {
  if (expiresAt !== undefined && expiresAt.getTime() <= now) return 'expired'
  return createdAt !== undefined && now - createdAt.getTime() > OLD_MS ? 'old' : 'good'
}

/** Adds to a record how it is doing, and how it was used, if that is known. */
export function withStatus (key: ApiKey, now: number, usage?: ApiKeyUsage): ShownKey {
  return { ...key, status: statusOf(key, now), ...usage && { lastUsedAt: usage.lastUsedAt, uses: usage.count } }
}
