import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { FST_DBGPT_AUTH_ENVIRONMENT } from '../errors.ts'
import { decodeText } from '../keys/text.ts'

// Node 22 and 24 take the next line for the value of a variable that has blanks alone.
const BLANK_VALUE = /^([ \t]*(?:export[ \t]+)?[\w.-]+[ \t]*=)[ \t]+$/gm
const LINE_ENDS = /[\n\v\f\u0085\u2028\u2029]/
// A value without quotes up to a "#" that no blank stands before: most likely not meant to begin a comment.
const CUT = /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*((?:[^"'`#\s][^#]*)?)(?<![ \t])#(?!(?<==[ \t]*#)[ \t])/
// Quotes, and behind them what is no comment: the parser drops it.
const REST = /^[ \t]*(?:export[ \t]+)?[\w.-]+[ \t]*=[ \t]*(["'`])((?:(?!\1).)*)\1[ \t]*[^#\s]/
const OFF = /^[ \t]*#[# \t]*(?=\S)/
const SETTING = /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=/

/** What is read of a place: variables and their values. */
export type Variables = Readonly<Record<string, string | undefined>>

/**
 * What is odd about `.env`, and is read all the same. `cut`: a `#` ends the value; `mark`: it begins with a byte order
 * mark; `no-file`: it is a folder, a pipe or a link to nothing, and counts as absent; `off`: a comment would set a
 * variable that is not set; `rest`: something stands behind a value in quotes; `twice`: a variable is set again.
 */
export interface DotenvRemark {
  readonly kind: 'cut' | 'mark' | 'no-file' | 'off' | 'rest' | 'twice'
  readonly name: string
  readonly line: number
}

/** What `.env` sets, and what is odd about it. */
export interface Dotenv {
  readonly variables: Variables
  readonly remarks: readonly DotenvRemark[]
}

const NOTHING: Dotenv = { variables: {}, remarks: [] }
const NO_FILE: Dotenv = { variables: {}, remarks: [{ kind: 'no-file', name: '', line: 0 }] }

/**
 * Reads a file `.env`, if there is one.
 *
 * @param names - the variables that it must not name in vain: taken for nothing, they would open the service
 * @param path - the file; by default that of the working directory
 * @throws `FST_DBGPT_AUTH_ENVIRONMENT`
 */
export function readDotenv (names: readonly string[], path = '.env'): Dotenv {
  const fault = (problem: string): Error => new FST_DBGPT_AUTH_ENVIRONMENT(`${path} cannot be read, ${problem}`)
  let bytes
  try {
    bytes = readIfFile(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return isLink(path) ? NO_FILE : NOTHING
    // A socket cannot be opened, and on Windows no folder can.
    if (code === 'ENXIO' || code === 'EISDIR') return NO_FILE
    throw fault(message)
  }
  if (typeof bytes === 'string') return bytes === 'device' ? NOTHING : NO_FILE
  const text = decodeText(bytes, fault).replace(BLANK_VALUE, '$1')
  const variables = parseEnv(text)
  const lines = text.split(LINE_ENDS)
  assertSet(lines, names, variables, fault)
  const remarks = [...remarksOn(lines, variables), ...turnedOff(lines, names, variables)]
  return { variables, remarks: hasMark(bytes) ? [{ kind: 'mark', name: '', line: 1 }, ...remarks] : remarks }
}

/**
 * Refuses a line that means to set a variable and does not, however it is written: behind a blank or a mark that cannot be
 * seen, as other shells set it, or as YAML and JSON do.
 */
function assertSet (
  lines: readonly string[], names: readonly string[], variables: Variables, fault: (problem: string) => Error
): void {
  const mention = new RegExp(`^[^\\w#]*(?:(?:export|setx?|ENV|env:)[^\\w#]+|env:)?(${names.join('|')})(?!\\w)`)
  for (const [index, line] of lines.entries()) {
    const [, name] = mention.exec(line) ?? []
    if (name === undefined || Object.hasOwn(variables, name)) continue
    throw fault(`line ${index + 1} does not set ${name}: write ${name}=… on a line of its own`)
  }
}

/** The parser has the last word: a line that has not made a value as it would, within quotes of another one, is none. */
function remarksOn (lines: readonly string[], variables: Variables): DotenvRemark[] {
  const last = new Map<string, number>()
  const remarks: DotenvRemark[] = []
  for (const [index, line] of lines.entries()) {
    const [, name] = SETTING.exec(line) ?? []
    if (name === undefined || !Object.hasOwn(variables, name)) continue
    if (last.has(name)) remarks.push({ kind: 'twice', name, line: index + 1 })
    last.set(name, index)
  }
  for (const [name, index] of last) {
    for (const [kind, expression] of [['cut', CUT], ['rest', REST]] as const) {
      const [, , value] = expression.exec(lines[index] as string) ?? []
      if (value !== undefined && variables[name] === value.trim()) remarks.push({ kind, name, line: index + 1 })
    }
  }
  return remarks
}

/** Finds the comments that would set a variable, of those that are not set. */
function turnedOff (lines: readonly string[], names: readonly string[], variables: Variables): DotenvRemark[] {
  return lines.flatMap((line, index) => {
    const [, name = ''] = OFF.test(line) ? SETTING.exec(line.replace(OFF, '')) ?? [] : []
    return names.includes(name) && !variables[name] ? [{ kind: 'off', name, line: index + 1 } as const] : []
  })
}

function hasMark (bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
}

function isLink (path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
}

/** Returns the bytes of a file; of something else what it is: a pipe would hang, and /dev/null is nothing on purpose. */
function readIfFile (path: string): Uint8Array | 'device' | 'other' {
  // Where there is no such flag, on Windows, it counts as 0.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = fstatSync(file)
    if (stats.isFile()) return readFileSync(file)
    return stats.isCharacterDevice() ? 'device' : 'other'
  } finally {
    closeSync(file)
  }
}
