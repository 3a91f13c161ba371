import { readPlaces, sourcesOf } from '../../config/environment.ts'
import { COLON, isLikeUrl } from '../../config/like-a-url.ts'
import { readOptions } from '../../config/options.ts'
import { resolveSettings } from '../../config/settings.ts'
import { collect } from '../../doctor/server/collect.ts'
import { conceal } from '../../doctor/server/conceal.ts'
import { trimBlanks } from '../../keys/key-list.ts'
import { FileKeyStore } from '../../stores/file/store.ts'
import type { ManagedStore } from '../../stores/managed.ts'
import { isRedisUrl, URL_SHAPE } from '../../stores/redis/create-client.ts'
import { RedisKeyStore } from '../../stores/redis/store.ts'
import type { KeyStore, ManagedKeyStore } from '../../types.ts'
import { textOption, UsageError } from './options.ts'
import type { Call, Streams } from './types.ts'

/** A store that the command can work on. */
export type CliStore = ManagedKeyStore & ManagedStore

interface Place {
  /** What names the store. */
  readonly source: '--store' | 'API_KEYS_FILE' | 'API_KEYS_REDIS_URL'
  readonly text: string
}

const REDIS_OPTIONS = ['prefix', 'replicas'] as const

/**
 * Makes the store that `--store` or the environment names; variables that are not set are read from `.env`.
 *
 * @throws {@link UsageError}, which does not repeat what was given: it may hold a password
 */
export function storeOf (call: Call): FileKeyStore | RedisKeyStore {
  const place = placeOf(call)
  if (isRedis(place)) return redisStore(place.text, call)
  const misplaced = REDIS_OPTIONS.find(name => textOption(call, name) !== undefined)
  if (misplaced !== undefined) throw new UsageError(`--${misplaced} is for keys in Redis`)
  return new FileKeyStore(place.text)
}

/**
 * Makes the store that a server would ask: what `--store` names, or the environment, with `API_KEYS`.
 *
 * @throws {@link UsageError}, or a start-up error
 */
export function judgingStoreOf (call: Call): KeyStore {
  if (textOption(call, 'store') !== undefined) return storeOf(call)
  const { environment } = readPlaces(call.streams.env)
  if (sourcesOf(environment).length === 0) {
    throw new UsageError('no key store is named: pass --store, or set API_KEYS, API_KEYS_FILE or API_KEYS_REDIS_URL')
  }
  if (environment.API_KEYS === undefined) return storeOf(call)
  return resolveSettings(readOptions({ mode: 'on', allowWeakKeys: true }), environment, collect().log).store
}

/** Takes the place that the keys are said to be in out of a text, where there is nothing: it may be a key. */
export function withoutPlace (text: string, call: Call): string {
  const { API_KEYS_FILE: file, API_KEYS_REDIS_URL: url } = readPlaces(call.streams.env).environment
  const store = textOption(call, 'store')
  return conceal(text, store === undefined ? { file, url } : { file: store, url: store, by: '--store' })
}

/** Names the file that the keys are in, if they are in one. */
export function fileOf (call: Call): string | undefined {
  const place = placeOf(call)
  return isRedis(place) ? undefined : place.text
}

function placeOf (call: Call): Place {
  const store = textOption(call, 'store')
  if (store === undefined) return fromEnvironment(call.streams.env)
  const text = trimBlanks(store)
  if (text === '') throw new UsageError('--store must name a file or the URL of a Redis')
  return { source: '--store', text }
}

function fromEnvironment (env: Streams['env']): Place {
  const { API_KEYS_FILE: file, API_KEYS_REDIS_URL: url } = readPlaces(env).environment
  if (file !== undefined && url !== undefined) {
    throw new UsageError('API_KEYS_FILE and API_KEYS_REDIS_URL are both set: say which with --store')
  }
  if (file !== undefined) return { source: 'API_KEYS_FILE', text: file }
  if (url !== undefined) return { source: 'API_KEYS_REDIS_URL', text: url }
  throw new UsageError('no key store is named: pass --store, or set API_KEYS_FILE or API_KEYS_REDIS_URL')
}

/** Tells a Redis from a file, and either from what is none of them. */
function isRedis ({ source, text }: Place): boolean {
  const redis = isRedisUrl(text)
  if (source === 'API_KEYS_REDIS_URL' && !redis) throw new UsageError(`${source} must be ${URL_SHAPE}`)
  if (!isLikeUrl(text) || (redis && source !== 'API_KEYS_FILE')) return redis
  throw new UsageError(source === 'API_KEYS_FILE'
    ? `${source} must be a file: a Redis is named by API_KEYS_REDIS_URL, and ${COLON}`
    : `${source} must be a file, or ${URL_SHAPE}; ${COLON}`)
}

function redisStore (url: string, call: Call): RedisKeyStore {
  const replicas = textOption(call, 'replicas') ?? '0'
  if (!/^\d{1,4}$/.test(replicas)) throw new UsageError('--replicas must be a number')
  try {
    return new RedisKeyStore({ url, prefix: textOption(call, 'prefix'), waitReplicas: Number(replicas) })
  } catch (error) {
    throw new UsageError((error as Error).message) // it names the option, which has the same name here
  }
}
