import { hash } from 'node:crypto'
import type { ApiKey } from '../types.ts'

const DIGEST = /^[0-9a-f]{64}$/
const ID = /^[0-9a-f]{16}$/

/** Computes the digest by which a key is found: SHA-256, 64 lower-case hex digits. */
export function digestOf (text: string): string {
  return hash('sha256', text, 'hex')
}

export function isDigest (value: unknown): value is string {
  return typeof value === 'string' && DIGEST.test(value)
}

/** Returns the id of the key with this digest: what the digest begins with. */
export function idOf (digest: string): string {
  return digest.slice(0, 16)
}

export function isId (text: string): boolean {
  return ID.test(text)
}

/** Finds a key by its digest in a list by ids: one index serves requests and changes. */
export function findKey (keys: ReadonlyMap<string, ApiKey>, digest: string): ApiKey | undefined {
  const key = keys.get(idOf(digest))
  return key?.digest === digest ? key : undefined
}
