import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { trimBlanks } from '../keys/key-list.ts'
import { FileKeyStore } from '../stores/file/store.ts'
import { RedisKeyStore } from '../stores/redis/store.ts'
import type { ApiKey, ManagedKeyStore } from '../types.ts'
import { type Call, textOption, UsageError } from './usage.ts'

/** A store that the command can work on. */
export type CliStore = ManagedKeyStore & {
  /** Adds the keys whose ids are not taken, in one step, and returns how many. */
  addAll (keys: Iterable<ApiKey>): Promise<number>
}

const REDIS = /^rediss?:/i
const REDIS_OPTIONS = ['prefix', 'replicas'] as const

/**
 * Opens the store that `--store` or the environment names.
 *
 * @param call - the use of a verb; variables that are not set are read from `.env`
 */
export function openStore (call: Call): CliStore {
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

function fromEnvironment (env: Readonly<Record<string, string | undefined>>): string {
  const dotenv = readDotenv()
  const read = (name: string): string => trimBlanks(env[name] ?? '') || trimBlanks(dotenv[name] ?? '')
  const [file, url] = [read('API_KEYS_FILE'), read('API_KEYS_REDIS_URL')]
  if (file && url) throw new UsageError('API_KEYS_FILE and API_KEYS_REDIS_URL are both set: say which with --store')
  const store = file || url
  if (!store) throw new UsageError('no key store is named: pass --store, or set API_KEYS_FILE or API_KEYS_REDIS_URL')
  return store
}

function readDotenv (): Partial<Record<string, string>> {
  try {
    return parseEnv(readFileSync('.env', 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
}
