import { pickSet, readDotenv } from '../../config/environment.ts'
import { trimBlanks } from '../../keys/key-list.ts'
import { FileKeyStore } from '../../stores/file/store.ts'
import type { ManagedStore } from '../../stores/managed.ts'
import { RedisKeyStore } from '../../stores/redis/store.ts'
import type { ManagedKeyStore } from '../../types.ts'
import { textOption, UsageError } from './options.ts'
import type { Call, Streams } from './types.ts'

/** A store that the command can work on. */
export type CliStore = ManagedKeyStore & ManagedStore

const REDIS = /^rediss?:/i
const REDIS_OPTIONS = ['prefix', 'replicas'] as const

/** Makes the store that `--store` or the environment names; variables that are not set are read from `.env`. */
export function storeOf (call: Call): CliStore {
  const store = trimBlanks(textOption(call, 'store') ?? fromEnvironment(call.streams.env))
  if (store === '') throw new UsageError('--store must name a file or the URL of a Redis')
  if (REDIS.test(store)) return redisStore(store, call)
  const misplaced = REDIS_OPTIONS.find(name => textOption(call, name) !== undefined)
  if (misplaced !== undefined) throw new UsageError(`--${misplaced} is for keys in Redis`)
  return new FileKeyStore(store)
}

function redisStore (url: string, call: Call): CliStore {
  const replicas = textOption(call, 'replicas') ?? '0'
  if (!/^\d{1,4}$/.test(replicas)) throw new UsageError('--replicas must be a number')
  try {
    return new RedisKeyStore({ url, prefix: textOption(call, 'prefix'), waitReplicas: Number(replicas) })
  } catch (error) {
    throw new UsageError((error as Error).message) // it names the option, which has the same name here, but for the URL
  }
}

function fromEnvironment (env: Streams['env']): string {
  const { API_KEYS_FILE: file, API_KEYS_REDIS_URL: url } = pickSet(env, readDotenv())
  if (file !== undefined && url !== undefined) {
    throw new UsageError('API_KEYS_FILE and API_KEYS_REDIS_URL are both set: say which with --store')
  }
  const store = file ?? url
  if (store === undefined) throw new UsageError('no key store is named: pass --store, or set API_KEYS_FILE or API_KEYS_REDIS_URL')
  return store
}
