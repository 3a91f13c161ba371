import { FST_DBGPT_AUTH_KEY_FILE_INVALID } from './errors.ts'

/** What is said of a text of another shape. */
export const SHAPE = 'it must be { "keys": [ { "digest": … }, … ] }, is it cut short?'
const BEFORE = /^\s*\{\s*"keys"\s*:\s*\[\s*$/
const BETWEEN = /^\s*,\s*$/
const AFTER = /^\s*\]\s*\}\s*$/
const EMPTY = /^\s*\{\s*"keys"\s*:\s*\[\s*\]\s*\}\s*$/

/**
 * Cuts a text into the objects of `{ "keys": [ … ] }`, so that it need not be parsed in one go.
 *
 * @param text - the file's content
 * @param file - its name, for errors
 * @throws `FST_DBGPT_AUTH_KEY_FILE_INVALID` if what is around the objects is something else
 */
export function * cutObjects (text: string, file: string): Generator<{ json: string, line: number }> {
  if (EMPTY.test(text)) return
  let end = 0 // of what was taken
  let line = 1
  for (let start = text.indexOf('{', text.indexOf('{') + 1); start !== -1; start = text.indexOf('{', end)) {
    const between = text.slice(end, start)
    line += countLines(between)
    if (!(end === 0 ? BEFORE : BETWEEN).test(between)) throw invalidLine(line, file, SHAPE)
    end = endOfObject(text, start)
    const json = text.slice(start, end)
    yield { json, line }
    line += countLines(json)
  }
  if (end === 0 || !AFTER.test(text.slice(end))) throw invalidLine(line + countLines(text.slice(end)), file, SHAPE)
}

/** Returns the index after the brace that closes the object, or the end of the text. */
function endOfObject (text: string, start: number): number {
  let depth = 0
  for (let index = start; index < text.length; index++) {
    const character = text[index]
    if (character === '"') index = endOfString(text, index)
    else if (character === '{') depth++
    else if (character === '}' && --depth === 0) return index + 1
  }
  return text.length
}

/** Returns the index of the quote that closes the string, or the end of the text. */
function endOfString (text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text[end - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return end
  }
  return text.length
}

function countLines (text: string): number {
  let count = 0
  for (let index = text.indexOf('\n'); index !== -1; index = text.indexOf('\n', index + 1)) count++
  return count
}

/**
 * Makes the error of a faulty line.
 *
 * @param line - from 1
 * @param file - the file's name
 * @param problem - what is wrong, without a word of the text
 */
export function invalidLine (line: number, file: string, problem: string): Error {
  return new FST_DBGPT_AUTH_KEY_FILE_INVALID(`Line ${line} of ${file}`, problem)
}
