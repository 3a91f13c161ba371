import { FST_DBGPT_AUTH_OPTION } from '../errors.ts'
import { ERROR_FORMATS } from '../guard/answer.ts'
import type { DbgptAuthOptions } from '../types.ts'
import { VARIABLES } from './environment.ts'
import { nearest } from './nearest.ts'

const REALM = /^[ !#-[\]-~]*$/

/** What goes where nothing is told. */
export const DEFAULTS = {
  errorFormat: 'openai', realm: 'DB-GPT', addHook: true, logLevel: 'info', allowWeakKeys: false
} as const satisfies DbgptAuthOptions

/** The options, with their defaults. */
export type Options = DbgptAuthOptions & { [Name in keyof typeof DEFAULTS]: Exclude<DbgptAuthOptions[Name], undefined> } & {
  /** What is given and is no option, in words. */
  readonly unknown: readonly string[]
}

type Rule = readonly [expected: string, holds: (value: unknown) => boolean]

const BOOLEAN: Rule = ['true or false', value => typeof value === 'boolean']
const oneOf = (...texts: string[]) => (value: unknown): boolean => texts.includes(value as string)
const isFormat = oneOf(...ERROR_FORMATS)

const RULES: Readonly<Record<keyof DbgptAuthOptions, Rule>> = {
  keys: ['an array of keys, or a key store (an object with the method find)', value => Array.isArray(value) || isStore(value)],
  mode: ['"auto", "on" or "off"', oneOf('auto', 'on', 'off')],
  env: ['a plain object of strings', value => isObject(value) && !(value instanceof Map) &&
    !VARIABLES.some(name => isInherited(value, name)) && Object.values(value).every(each => each === undefined || typeof each === 'string')],
  errorFormat: ['"openai", "fastapi", "dbgpt" or a function', value => typeof value === 'function' || isFormat(value)],
  message: ['a string', value => typeof value === 'string'],
  realm: ['a string of printable ASCII characters without " and \\', value => typeof value === 'string' && REALM.test(value)],
  getKey: ['a function', value => typeof value === 'function'],
  addHook: BOOLEAN,
  logLevel: ['a level of Pino, or "silent"', oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent')],
  allowWeakKeys: BOOLEAN,
  usage: BOOLEAN,
  explain: BOOLEAN
}

// Fastify's own, which it hands on: https://fastify.dev/docs/latest/Reference/Plugins/#plugin-options
const FASTIFY_OPTIONS = ['prefix', 'logLevel', 'logSerializers']
// Its server's, which the template of fastify-cli hands on to every plugin with --options, and that command's own.
const SERVER_OPTIONS: readonly string[] = [
  'ajv', 'allowErrorHandlerOverride', 'allowUnsafeRegex', 'bodyLimit', 'caseSensitive', 'childLoggerFactory', 'clientErrorHandler',
  'connectionTimeout', 'constraints', 'disableRequestLogging', 'exposeHeadRoutes', 'forceCloseConnections', 'frameworkErrors',
  'genReqId', 'handlerTimeout', 'http', 'http2', 'http2SessionTimeout', 'https', 'ignoreDuplicateSlashes', 'ignoreTrailingSlash',
  'keepAliveTimeout', 'logController', 'logger', 'loggerInstance', 'maxParamLength', 'maxRequestsPerSocket', 'onConstructorPoisoning',
  'onProtoPoisoning', 'pluginTimeout', 'querystringParser', 'requestIdHeader', 'requestIdLogLabel', 'requestTimeout',
  'return503OnClosing', 'rewriteUrl', 'routerOptions', 'schemaController', 'schemaErrorFormatter', 'serializerOpts',
  'serverFactory', 'trustProxy', 'useSemicolonDelimiter', 'skipOverride'
]

/**
 * Checks the options' types and bounds, and fills in defaults; what `keys` holds is checked where it is read.
 *
 * @throws `FST_DBGPT_AUTH_OPTION` that names the option and what it must be
 */
export function readOptions (given: DbgptAuthOptions): Options {
  // Each is an own property, and only own ones are read: Object.prototype may be polluted.
  const options: Record<string, unknown> = { unknown: findUnknown(given) }
  for (const [name, [expected, holds]] of Object.entries(RULES)) {
    if (isInherited(given, name)) throw new FST_DBGPT_AUTH_OPTION(name, 'a property of the options themselves, not an inherited one')
    const value = ownOf(given, name)
    if (value !== undefined && !holds(value)) throw new FST_DBGPT_AUTH_OPTION(name, expected)
    options[name] = value ?? ownOf(DEFAULTS, name)
  }
  return options as unknown as Options
}

/** Names the options that nobody knows, each with the one that was perhaps meant. */
function findUnknown (given: DbgptAuthOptions): string[] {
  const known = Object.keys(RULES)
  return Object.keys(given).filter(name => ![...known, ...FASTIFY_OPTIONS, ...SERVER_OPTIONS].includes(name))
    .map(name => `There is no option "${name}", is "${nearest(name, known)}" meant?`)
}

/** From a class or another object, that is, which would be passed over in silence. */
function isInherited (object: object, name: string): boolean {
  return name in object && !Object.hasOwn(object, name) && !(name in Object.prototype)
}

function ownOf (object: object, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name as never] : undefined
}

function isObject (value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isStore (value: unknown): boolean {
  return isObject(value) && 'find' in value && typeof value.find === 'function'
}
