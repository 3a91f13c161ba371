import { FST_DBGPT_AUTH_KEYS_EMPTY } from '../../errors.ts'
import { KeyList, trimBlanks } from '../../keys/key-list.ts'
import { Turns } from '../turns.ts'
import type { ApiKey, ApiKeyInit } from '../../types.ts'
import { readStoredKey } from '../stored-key.ts'
import { FST_DBGPT_AUTH_KEY_FILE_INVALID } from './errors.ts'

const SHAPE = 'it must be { "keys": [ { "digest": … }, … ] }, is it cut short?'
// One of strings is a plain list that is miswritten: its texts are keys between commas, after all.
const JSON_ARRAY = /^\s*\[\s*[{\]]/
const ARRAY = 'an array of records must be in { "keys": [ … ] }'
const BEFORE_RECORDS = /^\s*\{\s*"keys"\s*:\s*\[(?:\s*\n)?/
const AFTER_RECORDS = /^\]\s*\}\s*$/

/** What a file of keys holds. */
export interface KeyFile {
  readonly form: 'plain' | 'json'
  readonly list: KeyList
}

/**
 * Reads the text of a file of keys: JSON if it begins with a brace, else keys between commas and line ends.
 * Lets other work run in between.
 *
 * @param file - its name, for errors, which name the line and hold not a word of the text
 * @throws `FST_DBGPT_AUTH_KEY_FILE_INVALID`, `FST_DBGPT_AUTH_KEY_INVALID` or `FST_DBGPT_AUTH_KEYS_EMPTY`
 */
export async function parseKeyFile (text: string, file: string): Promise<KeyFile> {
  if (JSON_ARRAY.test(text)) throw invalid(`Line 1 of ${file}`, ARRAY)
  const form = /^\s*\{/.test(text) ? 'json' : 'plain'
  const list = new KeyList()
  const turns = new Turns()
  for (const { entry, place } of form === 'json' ? jsonEntries(text, file) : plainEntries(text, file)) {
    list.add(entry, place)
    if (turns.step()) await turns.pause()
  }
  if (form === 'plain' && list.keys.size === 0) throw new FST_DBGPT_AUTH_KEYS_EMPTY(`The key file ${file}`)
  list.end(`The list in ${file}`)
  return { form, list }
}

interface Entry {
  readonly entry: string | ApiKeyInit
  readonly place: string
}

/** A `#` begins a comment at the start of a line or after a blank, which no key has in it. */
function * plainEntries (text: string, file: string): Generator<Entry> {
  let line = 0
  for (const content of text.split(/\r?\n/)) {
    const place = `Line ${++line} of ${file}`
    for (const entry of content.replace(/(^|[ \t])#[^]*$/, '').split(',')) yield { entry: trimBlanks(entry), place }
  }
}

function * jsonEntries (text: string, file: string): Generator<Entry> {
  for (const { record, place } of jsonRecords(text, file)) {
    yield { entry: readStoredKey(record, problem => invalid(place, problem)), place }
  }
}

/**
 * Parses record by record while each has its lines for itself, as this package and pretty-printers write them, so that
 * other work can run in between; from the first other one on, the rest in one go.
 */
function * jsonRecords (text: string, file: string): Generator<{ record: unknown, place: string }> {
  const [before] = BEFORE_RECORDS.exec(text) ?? []
  if (before === undefined) throw invalid(`Line 1 of ${file}`, SHAPE)
  const after = text.lastIndexOf(']')
  if (!AFTER_RECORDS.test(text.slice(after))) throw invalid(`Line ${countLines(text.trimEnd())} of ${file}`, SHAPE)
  const records = text.slice(0, after)
  let start = before.length
  let line = countLines(before)
  let count = 0
  for (let end = endOfRecord(records, start); end < records.length; end = endOfRecord(records, start)) {
    const content = records.slice(start, end)
    const json = content.trim()
    const record = json.endsWith(',') ? parse(json.slice(0, -1)) : undefined
    if (record === undefined) break
    yield { record, place: `Line ${line} of ${file}` }
    start = end + 1
    line += countLines(content)
    count++
  }
  const tail = records.slice(start).trim()
  const rest = tail === '' && count > 0 ? undefined : parse(`[${tail}]`) as unknown[] | undefined
  if (rest === undefined) throw invalid(`Line ${line} of ${file}`, 'what begins here is not valid JSON')
  for (const record of rest) {
    yield { record, place: rest.length === 1 ? `Line ${line} of ${file}` : `Key ${++count} of ${file}` }
  }
}

/** A record ends with the line that it begins on, or with the next closing brace that stands as far in. */
function endOfRecord (text: string, start: number): number {
  const end = endOfLine(text, start)
  const line = text.slice(start, end)
  if (/\},?\s*$/.test(line)) return end
  const indentation = line.slice(0, line.search(/\S|$/))
  const brace = text.indexOf(`\n${indentation}}`, start)
  return brace === -1 ? text.length : endOfLine(text, brace + 1)
}

function endOfLine (text: string, start: number): number {
  const end = text.indexOf('\n', start)
  return end === -1 ? text.length : end
}

function countLines (text: string): number {
  return text.split('\n').length
}

/** Of what cannot be parsed undefined is made: the parser's error quotes the text. */
function parse (json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function invalid (place: string, problem: string): Error {
  return new FST_DBGPT_AUTH_KEY_FILE_INVALID(place, problem)
}

/** Writes keys in the JSON form, one a line, so that a difference between two files is easy to read. */
export function serializeKeyFile (keys: Iterable<ApiKey>): string {
  const lines = Array.from(keys, key => JSON.stringify(key))
  return lines.length === 0 ? '{"keys":[]}\n' : `{"keys":[\n${lines.join(',\n')}\n]}\n`
}
