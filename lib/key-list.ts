import { isDeepStrictEqual } from 'node:util'
import { createApiKey, isDigestText } from './api-key.ts'
import { FST_DBGPT_AUTH_KEYS_EMPTY, FST_DBGPT_AUTH_KEY_INVALID } from './errors.ts'
import type { ApiKey, ApiKeyInit } from './types.ts'
import { weaknessOf } from './weak-key.ts'

/** The keys of a list, each once. */
export interface KeyList {
  readonly keys: readonly ApiKey[]
  /** What is weak about which entry, without a word of it. */
  readonly weaknesses: readonly string[]
}

/**
 * Reads a list of keys. Blank entries are dropped, duplicates are one key.
 *
 * @param entries - the keys
 * @param source - what to call the list in an error
 * @throws `FST_DBGPT_AUTH_KEY_INVALID` if an entry is no key, or repeats a key with other details
 * @throws `FST_DBGPT_AUTH_KEYS_EMPTY` if there are only blank entries
 */
export function readKeyList (entries: readonly (string | ApiKeyInit)[], source: string): KeyList {
  const keys = new Map<string, ApiKey>()
  const weaknesses: string[] = []
  entries.forEach((entry, index) => {
    if (typeof entry === 'string' && trimBlanks(entry) === '') return
    const place = `Entry ${index + 1} of ${source}`
    const key = createApiKey(entry, place)
    const known = keys.get(key.digest)
    if (known !== undefined && !isDeepStrictEqual(known, key)) {
      throw new FST_DBGPT_AUTH_KEY_INVALID(place, 'the list holds the same key with other details')
    }
    keys.set(key.digest, key)
    const text = typeof entry === 'string' ? entry : entry.key
    const weakness = text === undefined || isDigestText(text) ? undefined : weaknessOf(text)
    if (weakness !== undefined) weaknesses.push(`${place} is ${weakness}`)
  })
  if (keys.size === 0) throw new FST_DBGPT_AUTH_KEYS_EMPTY(source)
  return { keys: [...keys.values()], weaknesses }
}

/**
 * Drops spaces, tabs and line ends around a text; nothing else is blank, a non-breaking space least of all.
 *
 * @param text - any string
 */
export function trimBlanks (text: string): string {
  return text.replace(/^[ \t\r\n]+/, '').replace(/(?<![ \t\r\n])[ \t\r\n]+$/, '')
}
