import {
  FST_DBGPT_AUTH_ENVIRONMENT, FST_DBGPT_AUTH_KEYS_REQUIRED, FST_DBGPT_AUTH_KEY_SOURCES, FST_DBGPT_AUTH_KEY_WEAK
} from '../errors.ts'
import { readKeyList, trimBlanks } from '../keys/key-list.ts'
import { FileKeyStore } from '../stores/file/store.ts'
import { MemoryKeyStore } from '../stores/memory.ts'
import { isRedisUrl, URL_SHAPE } from '../stores/redis/create-client.ts'
import { RedisKeyStore } from '../stores/redis/store.ts'
import type { ApiKeyInit, DbgptAuthOptions, KeyStore } from '../types.ts'
import { summarize, type WeakKeys } from '../keys/weak-key.ts'

const KEY_SOURCES = ['API_KEYS', 'API_KEYS_FILE', 'API_KEYS_REDIS_URL'] as const

/** The variables that are read. */
export const ENVIRONMENT_VARIABLES = [...KEY_SOURCES, 'API_AUTH', 'NODE_ENV'] as const

/** Their values. */
export type Environment = Readonly<Partial<Record<typeof ENVIRONMENT_VARIABLES[number], string>>>

/** The JSON Schema by which `@fastify/env` reads them. A blank variable is valid: it counts as unset. */
export const environmentSchema = {
  type: 'object',
  properties: {
    ...Object.fromEntries(ENVIRONMENT_VARIABLES.map(name => [name, { type: 'string' }])),
    API_AUTH: { type: 'string', pattern: '^[ \\t\\r\\n]*(auto|on|off)?[ \\t\\r\\n]*$' }
  }
}

/** What to run with. */
export type Settings =
  | { readonly on: false, readonly why: string }
  | ({ readonly on: true } & Keys)

interface Keys {
  readonly store: KeyStore
  /** Where the keys come from. */
  readonly source: string
  /** What is to be warned of. */
  readonly weaknesses: readonly string[]
}

type Options = Pick<DbgptAuthOptions, 'keys' | 'mode' | 'addHook' | 'allowWeakKeys'>

/**
 * Decides what to run with.
 *
 * @param options - the plugin's options, of the right types
 * @param environment - the variables, as the schema lets them through
 * @throws a start-up error, if requests could not be checked as they are meant to be
 */
export function resolveSettings (options: Options, environment: Environment): Settings {
  const mode = options.mode ?? setting(environment.API_AUTH) ?? 'auto'
  const origin = options.mode === undefined ? 'API_AUTH' : 'The option mode'
  if (mode === 'off') return { on: false, why: `${origin} is off` }

  const production = setting(environment.NODE_ENV)?.toLowerCase() === 'production'
  const weakKeys = options.allowWeakKeys === true ? 'allow' : production ? 'refuse' : 'warn'
  const keys = options.keys === undefined ? fromEnvironment(environment, weakKeys) : fromOption(options.keys)
  if (keys === undefined) {
    if (mode === 'on') throw new FST_DBGPT_AUTH_KEYS_REQUIRED(`${origin} is on`)
    if (production) throw new FST_DBGPT_AUTH_KEYS_REQUIRED('NODE_ENV is production')
    // A check that passes everybody would open an app that combines it with another one by "or".
    if (options.addHook === false) throw new FST_DBGPT_AUTH_KEYS_REQUIRED('The option addHook is false')
    return { on: false, why: 'no API keys are configured, set API_KEYS to turn it on' }
  }
  if (weakKeys === 'refuse' && keys.weaknesses.length > 0) throw new FST_DBGPT_AUTH_KEY_WEAK(summarize(keys.weaknesses))
  return { on: true, ...keys, weaknesses: weakKeys === 'warn' ? keys.weaknesses : [] }
}

function setting (value: string | undefined): string | undefined {
  return value === undefined ? undefined : trimBlanks(value) || undefined
}

function fromEnvironment (environment: Environment, weakKeys: WeakKeys): Keys | undefined {
  const sources = KEY_SOURCES.filter(name => setting(environment[name]) !== undefined)
  if (sources.length > 1) throw new FST_DBGPT_AUTH_KEY_SOURCES(sources.join(' and '))
  const [source] = sources
  if (source === undefined) return undefined
  const value = trimBlanks(environment[source] as string)
  if (source === 'API_KEYS') return inMemory(value.split(',').map(trimBlanks), source)
  if (source === 'API_KEYS_FILE') return { store: new FileKeyStore(value, { weakKeys }), source, weaknesses: [] }
  if (!isRedisUrl(value)) throw new FST_DBGPT_AUTH_ENVIRONMENT(`${source} must be ${URL_SHAPE}`)
  return { store: new RedisKeyStore({ url: value }), source, weaknesses: [] }
}

function fromOption (keys: NonNullable<Options['keys']>): Keys | undefined {
  const source = 'the option keys'
  if (!isList(keys)) return { store: keys, source, weaknesses: [] }
  return keys.length === 0 ? undefined : inMemory(keys, source)
}

// Array.isArray alone leaves the readonly array among what is no array.
function isList (keys: NonNullable<Options['keys']>): keys is readonly (string | ApiKeyInit)[] {
  return Array.isArray(keys)
}

function inMemory (entries: readonly (string | ApiKeyInit)[], source: string): Keys {
  const { keys, weaknesses } = readKeyList(entries, source)
  return { store: new MemoryKeyStore(keys.values()), source, weaknesses }
}
