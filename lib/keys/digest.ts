import { hash } from 'node:crypto'

/** Computes the digest by which a key is found: SHA-256, 64 lower-case hex digits. */
export function digestOf (text: string): string {
  return hash('sha256', text, 'hex')
}

export function isDigest (value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
}

/** Returns the id of the key with this digest: what the digest begins with. */
export const idOf = (digest: string): string => digest.slice(0, 16)
