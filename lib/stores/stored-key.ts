import type { ApiKeyInit } from '../types.ts'
import { FIELDS } from '../keys/fields.ts'

const STORED = ['id', 'digest', ...Object.keys(FIELDS)]
const REVIVED = Object.entries(FIELDS).flatMap(([field, { revive }]) => revive === undefined ? [] : [{ field, revive }])

/**
 * Reads a key that was stored as JSON: the text of `JSON.stringify` of its record.
 *
 * @param invalid - makes the error that is thrown, from what is wrong, which holds not a word of the text
 * @returns what `createApiKey` takes, and checks
 */
export function parseStoredKey (json: string, invalid: (problem: string) => Error): ApiKeyInit {
  let key: unknown
  try {
    key = JSON.parse(json)
  } catch {
    throw invalid('it is not valid JSON') // not the parser's error, which quotes the text
  }
  return readStoredKey(key, invalid)
}

/** As {@link parseStoredKey}, of what the JSON stands for. */
export function readStoredKey (key: unknown, invalid: (problem: string) => Error): ApiKeyInit {
  if (typeof key !== 'object' || key === null || Array.isArray(key)) throw invalid('a key must be an object')
  const stored = key as Record<string, unknown>
  if (typeof stored.digest !== 'string') throw invalid('a key must have a "digest"')
  if (!Object.keys(stored).every(field => STORED.includes(field))) {
    throw invalid(`a key has no other fields than ${STORED.join(', ')}, unless a newer version wrote it`)
  }
  // In place: a copy of each of many keys is felt.
  for (const { field, revive } of REVIVED) if (stored[field] !== undefined) stored[field] = revive(stored[field])
  return key as ApiKeyInit
}
