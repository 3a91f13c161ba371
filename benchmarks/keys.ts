import { randomBytes } from 'node:crypto'

/**
 * Copies a text into a string as Node's HTTP parser makes them: one byte a character, flat, no rope and no slice.
 *
 * @param text - Latin-1 text
 */
export function flat (text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

/** Makes a random key as long as a generated one, but faster: a million of them are needed. */
export function makeKey (): string {
  return flat(`dbgpt_${randomBytes(34).toString('base64url')}`)
}

/**
 * Picks keys from all over a list, in an order that is not the list's.
 *
 * @param keys - the list
 * @param limit - the most to pick
 */
export function pick (keys: readonly string[], limit: number): string[] {
  const count = Math.min(keys.length, limit)
  const step = Math.floor(keys.length / count)
  // A prime: for every count that it does not divide, each place comes up once.
  return Array.from({ length: count }, (_, index) => keys[(index * 617) % count * step] as string)
}
