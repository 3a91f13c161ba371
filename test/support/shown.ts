import { inspect } from 'node:util'

/** Says in a few characters which case an assertion is about. */
export function shown (value: unknown): string {
  const text = typeof value === 'string' ? value : inspect(value, { breakLength: Infinity, depth: 2 })
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
