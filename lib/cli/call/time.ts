import { UsageError } from './options.ts'

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000
}
const ISO = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/
const END_MS = Date.UTC(10_000)

/** The length of a day, in milliseconds. */
export const DAY_MS = 86_400_000

/**
 * Reads a duration: a whole number and `s`, `m`, `h`, `d` or `w`, or just 0.
 *
 * @param text - such as `24h`
 * @returns milliseconds
 */
export function parseDuration (text: string, option: string): number {
  const [, count, unit = 's'] = /^(\d{1,9})([smhdw])$/.exec(text) ?? /^(0)$/.exec(text) ?? []
  if (count === undefined) throw new UsageError(`${option} must be a duration such as 30m, 24h or 90d`)
  return Number(count) * (UNITS_MS[unit] as number)
}

/**
 * Reads an instant to come: an ISO 8601 date, or a duration from now.
 *
 * @param text - such as `2030-01-01`, `2030-01-01T12:00:00Z` or `90d`
 * @param now - milliseconds since the epoch
 */
export function parseInstant (text: string, option: string, now: number): Date {
  const at = ISO.test(text) ? parseDate(text) : /^\d+[smhdw]$/.test(text) ? now + parseDuration(text, option) : NaN
  if (Number.isNaN(at)) {
    throw new UsageError(`${option} must be a duration such as 90d, or a date such as 2030-01-01 or 2030-01-01T12:00:00Z`)
  }
  if (at <= now) throw new UsageError(`${option} must be in the future`)
  return dateOf(at, option)
}

/**
 * Reads when something ends: a duration from now.
 *
 * @param text - such as `24h`; `0` is now
 * @param now - milliseconds since the epoch
 */
export function parseEnd (text: string, option: string, now: number): Date {
  return dateOf(now + parseDuration(text, option), option)
}

function dateOf (at: number, option: string): Date {
  if (at >= END_MS) throw new UsageError(`${option} must end before the year 10000`)
  return new Date(at)
}

/** Reads a date of the calendar; JavaScript takes February 31 for March 3. */
function parseDate (text: string): number {
  const [day = ''] = text.split('T')
  const midnight = Date.parse(day)
  return !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(day) ? Date.parse(text) : NaN
}

/**
 * Says how long ago or ahead something is, in the largest unit that it fills.
 *
 * @param ms - milliseconds, not negative
 */
export function formatDuration (ms: number): string {
  for (const unit of ['d', 'h', 'm']) {
    const count = ms / (UNITS_MS[unit] as number)
    if (count >= 1) return `${Math.round(count)}${unit}`
  }
  return `${Math.round(ms / 1000)}s`
}
