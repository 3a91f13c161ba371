import { isDeepStrictEqual } from 'node:util'
import { FST_DBGPT_AUTH_KEYS_EMPTY, FST_DBGPT_AUTH_KEY_INVALID } from '../errors.ts'
import type { ApiKeyInit } from '../types.ts'
import { createApiKey, isDigestText } from './api-key.ts'
import { KeyIndex } from './key-index.ts'
import { mistakeOf } from './miswritten.ts'
import { weaknessOf } from './weak-key.ts'

/** A list of keys as it is read, entry by entry. Blank entries are dropped, duplicates are one key. */
export class KeyList {
  readonly keys = new KeyIndex()
  /** What is weak about which entry, without a word of it. */
  readonly weaknesses: string[] = []
  /** What is most likely miswritten about which entry, which is then not told to be weak. */
  readonly mistakes: string[] = []
  /** How many are given by their texts, and not by their digests. */
  texts = 0
  #first: string | undefined
  #last = ''

  /**
   * Adds an entry.
   *
   * @param place - what to call it in an error
   * @throws `FST_DBGPT_AUTH_KEY_INVALID` if it is no key, or repeats a key with other details
   */
  add (entry: string | ApiKeyInit, place: string): void {
    if (typeof entry === 'string' && trimBlanks(entry) === '') return
    const key = createApiKey(entry, place)
    if (!isDeepStrictEqual(this.keys.get(key.id) ?? key, key)) {
      throw new FST_DBGPT_AUTH_KEY_INVALID(place, 'the list holds the same key with other details')
    }
    this.keys.set(key.id, key)
    const text = typeof entry === 'string' ? entry : entry.key
    if (text === undefined) return
    this.#first ??= text
    this.#last = text
    const mistake = mistakeOf(text)
    if (!isDigestText(text)) this.texts++
    const weakness = mistake === undefined && !isDigestText(text) ? weaknessOf(text) : undefined
    if (mistake !== undefined) this.mistakes.push(`${place} ${mistake}`)
    if (weakness !== undefined) this.weaknesses.push(`${place} is ${weakness}`)
  }

  /** Looks at the whole list, which may be in quotes or brackets though no entry is. To be called after the last. */
  end (source: string): void {
    const ends = `${this.#first?.charAt(0) ?? ''}${this.#last.slice(-1)}`
    const mistake = this.mistakes.length === 0 ? mistakeOf(ends) : undefined
    if (mistake !== undefined) this.mistakes.push(`${source} ${mistake}`)
  }
}

/**
 * Reads a list of keys.
 *
 * @param source - what to call the list in an error
 * @throws `FST_DBGPT_AUTH_KEY_INVALID` as {@link KeyList.add}
 * @throws `FST_DBGPT_AUTH_KEYS_EMPTY` if there are only blank entries
 */
export function readKeyList (entries: readonly (string | ApiKeyInit)[], source: string): KeyList {
  const list = new KeyList()
  entries.forEach((entry, index) => list.add(entry, `Entry ${index + 1} of ${source}`))
  if (list.keys.size === 0) throw new FST_DBGPT_AUTH_KEYS_EMPTY(source)
  list.end(source)
  return list
}

/** Drops spaces, tabs and line ends around a text; nothing else is blank, a non-breaking space least of all. */
export function trimBlanks (text: string): string {
  return text.replace(/^[ \t\r\n]+/, '').replace(/(?<![ \t\r\n])[ \t\r\n]+$/, '')
}
