import { type Status, statusOf } from '../../keys/status.ts'
import type { ApiKey, ApiKeyUsage } from '../../types.ts'

/** A record as programs are shown it. */
export type ShownKey = ApiKey & { readonly status: Status, readonly lastUsedAt?: Date, readonly uses?: number }

/** Adds to a record how it is doing, and how it was used, if that is known. */
export function withStatus (key: ApiKey, now: number, usage?: ApiKeyUsage): ShownKey {
  return { ...key, status: statusOf(key, now), ...usage && { lastUsedAt: usage.lastUsedAt, uses: usage.count } }
}
