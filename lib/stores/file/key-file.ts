import { setImmediate as breathe } from 'node:timers/promises'
import { FST_DBGPT_AUTH_KEYS_EMPTY } from '../../errors.ts'
import { KeyList, trimBlanks } from '../../keys/key-list.ts'
import type { ApiKey, ApiKeyInit } from '../../types.ts'
import { cutObjects, invalidLine, SHAPE } from './json-objects.ts'
import { parseStoredKey } from '../stored-key.ts'

/** How long reading may keep other work waiting, in milliseconds, and after how many keys it looks at the clock. */
const SLICE_MS = 5
const KEYS_A_LOOK = 32

/** What a file of keys holds. */
export interface KeyFile {
  readonly form: 'plain' | 'json'
  readonly list: KeyList
}

/**
 * Reads the text of a file of keys: JSON if it begins with a brace, else keys between commas and line ends.
 * Lets other work run in between.
 *
 * @param text - the file's content
 * @param file - its name, for errors, which name the line
 * @throws `FST_DBGPT_AUTH_KEY_FILE_INVALID`, `FST_DBGPT_AUTH_KEY_INVALID` or `FST_DBGPT_AUTH_KEYS_EMPTY`
 */
export async function parseKeyFile (text: string, file: string): Promise<KeyFile> {
  // A JSON array or string is a mistake: taken for a plain list, its text would be a key.
  if (/^\s*[["]/.test(text)) throw invalidLine(1, file, SHAPE)
  const form = /^\s*\{/.test(text) ? 'json' : 'plain'
  const list = new KeyList()
  let since = performance.now()
  let count = 0
  for (const { entry, line } of form === 'json' ? jsonEntries(text, file) : plainEntries(text)) {
    list.add(entry, `Line ${line} of ${file}`)
    if (++count % KEYS_A_LOOK !== 0 || performance.now() - since < SLICE_MS) continue
    await breathe()
    since = performance.now()
  }
  if (form === 'plain' && list.keys.size === 0) throw new FST_DBGPT_AUTH_KEYS_EMPTY(`The key file ${file}`)
  return { form, list }
}

interface Entry {
  readonly entry: string | ApiKeyInit
  readonly line: number
}

/** A `#` begins a comment at the start of a line or after a blank, which no key has in it. */
function * plainEntries (text: string): Generator<Entry> {
  let line = 0
  for (const content of text.split(/\r?\n/)) {
    line++
    for (const entry of content.replace(/(^|[ \t])#[^]*$/, '').split(',')) yield { entry: trimBlanks(entry), line }
  }
}

function * jsonEntries (text: string, file: string): Generator<Entry> {
  for (const { json, line } of cutObjects(text, file)) {
    yield { entry: parseStoredKey(json, problem => invalidLine(line, file, problem)), line }
  }
}

/**
 * Writes keys in the JSON form, one a line, so that a difference between two files is easy to read.
 *
 * @param keys - the records
 */
export function serializeKeyFile (keys: Iterable<ApiKey>): string {
  const lines = Array.from(keys, key => JSON.stringify(key))
  return lines.length === 0 ? '{"keys":[]}\n' : `{"keys":[\n${lines.join(',\n')}\n]}\n`
}
