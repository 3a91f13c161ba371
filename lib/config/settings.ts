import { FST_DBGPT_AUTH_ENVIRONMENT, FST_DBGPT_AUTH_KEYS_REQUIRED, FST_DBGPT_AUTH_KEY_SOURCES } from '../errors.ts'
import { readKeyList, trimBlanks } from '../keys/key-list.ts'
import { judgeWeakKeys, type WeakKeys } from '../keys/weak-key.ts'
import { FileKeyStore } from '../stores/file/store.ts'
import { MemoryKeyStore } from '../stores/memory.ts'
import { isRedisUrl, URL_SHAPE } from '../stores/redis/create-client.ts'
import { RedisKeyStore } from '../stores/redis/store.ts'
import type { ApiKeyInit, KeyStore, KeyStoreLog } from '../types.ts'
import { type Environment, KEY_SOURCES } from './variables.ts'
import type { Options } from './options.ts'

/** What to run with. */
export type Settings =
  | { readonly on: true, readonly store: KeyStore, readonly source: string }
  /** Every request passes, and the store, the app's own if there is one, is not opened. */
  | { readonly on: false, readonly store: KeyStore, readonly why: string }

interface KeySource {
  readonly store: KeyStore
  readonly source: string
  readonly weaknesses: readonly string[]
}

/**
 * Decides what to run with.
 *
 * @param log - told of keys that can be guessed
 * @throws a start-up error, if requests could not be checked as they are meant to be
 */
export function resolveSettings (
  options: Pick<Options, 'keys' | 'mode' | 'addHook' | 'allowWeakKeys'>, environment: Environment, log: Pick<KeyStoreLog, 'warn'>
): Settings {
  const { keys, addHook, allowWeakKeys } = options
  const mode = options.mode ?? environment.API_AUTH ?? 'auto'
  const origin = options.mode === undefined ? 'API_AUTH' : 'The option mode'
  if (mode === 'off') {
    return { on: false, store: keys === undefined || isList(keys) ? new MemoryKeyStore() : keys, why: `${origin} is off` }
  }
  const production = environment.NODE_ENV?.toLowerCase() === 'production'
  const weakKeys = allowWeakKeys ? 'allow' : production ? 'refuse' : 'warn'
  const found = keys === undefined ? fromEnvironment(environment, weakKeys) : fromOption(keys)
  if (found !== undefined) {
    judgeWeakKeys(found.weaknesses, weakKeys, log)
    return { on: true, ...found }
  }
  if (mode === 'on') throw new FST_DBGPT_AUTH_KEYS_REQUIRED(`${origin} is on`)
  if (production) throw new FST_DBGPT_AUTH_KEYS_REQUIRED('NODE_ENV is production')
  // A check that passes everybody would open an app that combines it with another one by "or".
  if (!addHook) throw new FST_DBGPT_AUTH_KEYS_REQUIRED('The option addHook is false')
  return { on: false, store: new MemoryKeyStore(), why: 'no API keys are configured, set API_KEYS to turn it on' }
}

function fromEnvironment (environment: Environment, weakKeys: WeakKeys): KeySource | undefined {
  const [source, ...others] = KEY_SOURCES.filter(name => environment[name] !== undefined)
  if (source === undefined) return undefined
  if (others.length > 0) throw new FST_DBGPT_AUTH_KEY_SOURCES([source, ...others].join(' and '))
  const value = environment[source] as string
  if (source === 'API_KEYS') return inMemory(value.split(',').map(trimBlanks), source)
  if (source === 'API_KEYS_FILE') return { store: new FileKeyStore(value, { weakKeys }), source, weaknesses: [] }
  if (!isRedisUrl(value)) throw new FST_DBGPT_AUTH_ENVIRONMENT(`${source} must be ${URL_SHAPE}`)
  return { store: new RedisKeyStore({ url: value }), source, weaknesses: [] }
}

type Keys = NonNullable<Options['keys']>

function fromOption (keys: Keys): KeySource | undefined {
  const source = 'the option keys'
  if (!isList(keys)) return { store: keys, source, weaknesses: [] }
  return keys.length === 0 ? undefined : inMemory(keys, source)
}

// Array.isArray alone leaves the readonly array among what is no array.
function isList (keys: Keys): keys is readonly (string | ApiKeyInit)[] {
  return Array.isArray(keys)
}

function inMemory (entries: readonly (string | ApiKeyInit)[], source: string): KeySource {
  const { keys, weaknesses } = readKeyList(entries, source)
  return { store: new MemoryKeyStore(keys.values()), source, weaknesses }
}
