import type { ApiKey } from '../types.ts'

const OLD_MS = 90 * 86_400_000

/** How a key is doing. */
export type Status = 'good' | 'old' | 'expired'

/**
 * Tells whether a key has expired, or is older than 90 days.
 *
 * @param now - milliseconds since the epoch
 */
export function statusOf ({ createdAt, expiresAt }: ApiKey, now: number): Status {
  if (expiresAt !== undefined && expiresAt.getTime() <= now) return 'expired'
  return createdAt !== undefined && now - createdAt.getTime() > OLD_MS ? 'old' : 'good'
}
