import {
  FST_DBGPT_AUTH_ENVIRONMENT, FST_DBGPT_AUTH_KEYS_REQUIRED, FST_DBGPT_AUTH_KEY_SOURCES, FST_DBGPT_AUTH_OPTION_UNKNOWN,
  FST_DBGPT_AUTH_USAGE
} from '../errors.ts'
import { readKeyList, trimBlanks } from '../keys/key-list.ts'
import { judgeKeys, type WeakKeys } from '../keys/weak-key.ts'
import { FileKeyStore } from '../stores/file/store.ts'
import { MemoryKeyStore } from '../stores/memory.ts'
import { isRedisUrl, URL_SHAPE } from '../stores/redis/create-client.ts'
import { RedisKeyStore } from '../stores/redis/store.ts'
import type { KeyStore, KeyStoreLog } from '../types.ts'
import { type Environment, sourcesOf } from './environment.ts'
import { COLON, isLikeUrl } from './like-a-url.ts'
import type { Options } from './options.ts'

/** What to run with: off, every request passes, and the store is not opened. */
export type Settings =
  | { readonly on: true, readonly store: KeyStore, readonly source: string } & { readonly [Choice in 'usage' | 'explain']: boolean }
  | { readonly on: false, readonly store: KeyStore, readonly why: string }

/**
 * Decides what to run with.
 *
 * @param log - told of keys that can be guessed
 * @throws a start-up error, if requests could not be checked as they are meant to be
 */
export function resolveSettings (options: Options, environment: Environment, log: Pick<KeyStoreLog, 'warn'>): Settings {
  const settings = decide(options, environment, log)
  const unknown = options.unknown.join(' ')
  // It may be what was to turn it on.
  if (unknown !== '' && !settings.on) throw new FST_DBGPT_AUTH_OPTION_UNKNOWN(unknown)
  if (unknown !== '') log.warn(unknown)
  return settings
}

function decide (options: Options, environment: Environment, log: Pick<KeyStoreLog, 'warn'>): Settings {
  const mode = options.mode ?? environment.API_AUTH ?? 'auto'
  const origin = options.mode === undefined ? 'API_AUTH' : 'The option mode'
  const production = isProduction(environment)
  const weakKeys = options.allowWeakKeys ? 'allow' : production ? 'refuse' : 'warn'
  const unused = isStore(options.keys) ? options.keys : new MemoryKeyStore()
  if (mode === 'off') {
    return { on: false, store: unused, why: `${origin} is off, set it to on, with keys in API_KEYS or the option keys, to turn it on` }
  }
  const [source, keys] = options.keys === undefined ? keysOf(environment, weakKeys) : ['the option keys', options.keys]
  const usage = options.usage ?? environment.API_KEYS_USAGE === 'on'
  const explain = options.explain ?? environment.API_AUTH_EXPLAIN === 'on'
  if (isStore(keys)) {
    if (usage && typeof keys.countUse !== 'function') {
      throw new FST_DBGPT_AUTH_USAGE(options.usage === undefined ? 'API_KEYS_USAGE is on' : 'The option usage is true')
    }
    return { on: true, store: keys, source, usage, explain }
  }
  if (keys.length > 0) {
    const list = readKeyList(keys, source)
    judgeKeys(list, weakKeys, log)
    return { on: true, store: new MemoryKeyStore(list.keys.values()), source, usage, explain }
  }
  const overruled = sourcesOf(environment).join(' and ')
  const won = overruled === '' ? '' : ` (the option keys is empty, and wins over ${overruled}: leave it out to have that read)`
  if (mode === 'on') throw new FST_DBGPT_AUTH_KEYS_REQUIRED(`${origin} is on${won}`)
  if (production) throw new FST_DBGPT_AUTH_KEYS_REQUIRED(`NODE_ENV is production${won}`)
  // A check that passes everybody would open an app that combines it with another one by "or".
  if (!options.addHook) throw new FST_DBGPT_AUTH_KEYS_REQUIRED(`The option addHook is false${won}`)
  // Where the option is given, the variable alone changes nothing.
  const first = options.keys === undefined || won !== '' ? '' : 'put one in the option keys, or leave it out and '
  return { on: false, store: unused, why: `no API keys are configured, ${first}set API_KEYS to turn it on${won}` }
}

/** Returns the keys that the environment names, or the store that knows them; without any, an empty list. */
function keysOf (environment: Environment, weakKeys: WeakKeys): readonly [source: string, keys: NonNullable<Options['keys']>] {
  const [source = '', ...others] = sourcesOf(environment)
  if (others.length > 0) throw new FST_DBGPT_AUTH_KEY_SOURCES([source, ...others].join(' and '))
  const { API_KEYS: text, API_KEYS_FILE: file, API_KEYS_REDIS_URL: url } = environment
  if (text !== undefined) return [source, text.split(',').map(trimBlanks)]
  if (file !== undefined) {
    if (isLikeUrl(file)) {
      throw new FST_DBGPT_AUTH_ENVIRONMENT(`${source} must be the path of a file: a Redis is named by API_KEYS_REDIS_URL, and ${COLON}`)
    }
    return [source, new FileKeyStore(file, { weakKeys })]
  }
  if (url === undefined) return [source, []]
  if (!isRedisUrl(url)) throw new FST_DBGPT_AUTH_ENVIRONMENT(`${source} must be ${URL_SHAPE}`)
  return [source, new RedisKeyStore({ url })]
}

/** Docker's --env-file keeps quotes. */
export function isProduction ({ NODE_ENV }: Pick<Environment, 'NODE_ENV'>): boolean {
  return /^(["']?)production\1$/i.test(NODE_ENV ?? '')
}

function isStore (keys: Options['keys']): keys is KeyStore {
  return keys !== undefined && !Array.isArray(keys)
}
