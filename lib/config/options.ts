import { FST_DBGPT_AUTH_OPTION } from '../errors.ts'
import type { DbgptAuthOptions } from '../types.ts'
import { ERROR_FORMATS } from '../guard/answer.ts'

const MODES = ['auto', 'on', 'off']
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']
const REALM = /^[ !#-[\]-~]*$/

type Check = readonly [expected: string, holds: (value: unknown) => boolean]

const BOOLEAN: Check = ['true or false', value => typeof value === 'boolean']

const CHECKS: Readonly<Record<keyof DbgptAuthOptions, Check>> = {
  keys: ['an array of keys, or a key store (an object with the method find)', value => Array.isArray(value) || isStore(value)],
  mode: ['"auto", "on" or "off"', value => MODES.includes(value as string)],
  env: ['an object of strings', value => isObject(value) && Object.values(value).every(isStringOrUndefined)],
  errorFormat: [
    '"openai", "fastapi", "dbgpt" or a function',
    value => typeof value === 'function' || ERROR_FORMATS.includes(value as string)
  ],
  message: ['a string', value => typeof value === 'string'],
  realm: ['a string of printable ASCII characters without " and \\', value => typeof value === 'string' && REALM.test(value)],
  getKey: ['a function', value => typeof value === 'function'],
  addHook: BOOLEAN,
  logLevel: ['a level of Pino, or "silent"', value => LOG_LEVELS.includes(value as string)],
  allowWeakKeys: BOOLEAN
}

/**
 * Checks the options' types and bounds; what `keys` holds is checked where it is read.
 *
 * @param options - what `register` was given
 * @throws `FST_DBGPT_AUTH_OPTION` that names the option and what it must be
 */
export function checkOptions (options: DbgptAuthOptions): void {
  for (const [name, [expected, holds]] of Object.entries(CHECKS)) {
    const value: unknown = options[name as keyof DbgptAuthOptions]
    if (value !== undefined && !holds(value)) throw new FST_DBGPT_AUTH_OPTION(name, expected)
  }
}

function isObject (value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isStore (value: unknown): boolean {
  return isObject(value) && 'find' in value && typeof value.find === 'function'
}

function isStringOrUndefined (value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}
