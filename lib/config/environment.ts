import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import type { FastifyInstance } from 'fastify'
import { FST_DBGPT_AUTH_ENVIRONMENT } from '../errors.ts'
import { trimBlanks } from '../keys/key-list.ts'
import { decodeText } from '../keys/text.ts'

/** The variables that name a source of keys. */
export const KEY_SOURCES = ['API_KEYS', 'API_KEYS_FILE', 'API_KEYS_REDIS_URL'] as const

/** All that are read. */
export const VARIABLES = [...KEY_SOURCES, 'API_AUTH', 'API_AUTH_EXPLAIN', 'API_KEYS_USAGE', 'NODE_ENV'] as const
/** Any other variable may be any string. */
const WORDS = { API_AUTH: ['auto', 'on', 'off'], API_AUTH_EXPLAIN: ['on', 'off'], API_KEYS_USAGE: ['on', 'off'] } as const
const SCHEMA = {
  type: 'object',
  properties: {
    ...Object.fromEntries(VARIABLES.map(name => [name, { type: 'string' }])),
    ...Object.fromEntries(Object.entries(WORDS).map(([name, words]) => [name, { enum: words }]))
  }
}
const CONFIG_KEY = 'dbgptAuthEnvironment'

// However it is written: behind a blank or a mark that cannot be seen, as other shells set it, or as YAML and JSON do.
const MENTION = new RegExp(`^[^\\w#]*(?:(?:export|setx?|env:)[^\\w#]+|env:)?(${VARIABLES.join('|')})(?!\\w)`)
// Node 22 and 24 take the next line for the value of a variable that has blanks alone.
const BLANK_VALUE = /^([ \t]*(?:export[ \t]+)?[\w.-]+[ \t]*=)[ \t]+$/gm
const LINE_ENDS = /[\n\v\f\u0085\u2028\u2029]/

type Variables = Readonly<Record<string, string | undefined>>

/** The variables that are set, without blanks around their values. */
export type Environment = Readonly<Record<typeof VARIABLES[number], string | undefined>>

/**
 * Reads the variables, and has `@fastify/env` check them, in a context of its own: the host app notices nothing of it.
 *
 * @param variables - what to read in place of `process.env` and `.env`
 * @throws `FST_DBGPT_AUTH_ENVIRONMENT`
 */
export async function readEnvironment (fastify: FastifyInstance, variables: Variables | undefined): Promise<Environment> {
  const environment = variables === undefined ? pickSet(process.env, readDotenv()) : pickSet(variables)
  // Not for the command, which reads the same variables, and would start 50 ms later.
  const { default: fastifyEnv } = await import('@fastify/env')
  await fastify.register(async scope => {
    try {
      await scope.register(fastifyEnv, { confKey: CONFIG_KEY, schema: SCHEMA, data: environment, env: false })
    } catch {
      throw new FST_DBGPT_AUTH_ENVIRONMENT(faultOf(environment))
    }
    // Fastify keeps the context, which must not keep the keys.
    for (const name of VARIABLES) delete scope.getDecorator<Record<string, string>>(CONFIG_KEY)[name]
  })
  return environment
}

/** Says which variable has none of its words, and which these are. */
function faultOf (environment: Environment): string {
  const isRight = (name: keyof typeof WORDS): boolean =>
    environment[name] === undefined || (WORDS[name] as readonly string[]).includes(environment[name])
  const [name] = (Object.keys(WORDS) as (keyof typeof WORDS)[]).filter(name => !isRight(name)) as [keyof typeof WORDS]
  return `${name} must be ${WORDS[name].join(', ').replace(/, (?!.*,)/, ' or ')}`
}

/**
 * Picks the variables that are set, each from the first place where it is: a blank one must not hide one in `.env`.
 * Each is an own property, set or not, and only own ones are read: what is on `Object.prototype` must open nothing.
 */
export function pickSet (...places: readonly Variables[]): Environment {
  const valueOf = (name: string): string | undefined =>
    places.map(place => trimBlanks((Object.hasOwn(place, name) ? place[name] : undefined) ?? '')).find(Boolean)
  return Object.fromEntries(VARIABLES.map(name => [name, valueOf(name)])) as Environment
}

/**
 * Reads the file `.env` in the working directory, if there is one.
 *
 * @throws `FST_DBGPT_AUTH_ENVIRONMENT`
 */
export function readDotenv (): Variables {
  const fault = (problem: string): Error => new FST_DBGPT_AUTH_ENVIRONMENT(`.env cannot be read, ${problem}`)
  let bytes
  try {
    bytes = readIfFile('.env')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    // A socket cannot be opened, and on Windows no folder can.
    if (['ENOENT', 'ENXIO', 'EISDIR'].includes(code as string)) return {}
    throw fault(message)
  }
  const text = decodeText(bytes, fault).replace(BLANK_VALUE, '$1')
  const variables = parseEnv(text)
  for (const [index, line] of text.split(LINE_ENDS).entries()) {
    const [, name] = MENTION.exec(line) ?? []
    // Taken for nothing, it would open the service.
    if (name !== undefined && !Object.hasOwn(variables, name)) throw fault(`line ${index + 1} does not set ${name}: write ${name}=… on a line of its own`)
  }
  return variables
}

/** Returns the bytes of a file; of something else none: of a folder, or of a pipe, which would hang. */
function readIfFile (path: string): Uint8Array {
  // Where there is no such flag, on Windows, it counts as 0.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    return fstatSync(file).isFile() ? readFileSync(file) : new Uint8Array()
  } finally {
    closeSync(file)
  }
}
