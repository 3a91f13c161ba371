import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { trimBlanks } from '../key-list.ts'
import { FileKeyStore } from '../store/file.ts'
import type { ApiKey, ManagedKeyStore } from '../types.ts'
import { UsageError } from './usage.ts'

/** A store that the command can work on. */
export type CliStore = ManagedKeyStore & {
  /** Adds the keys whose ids are not taken, in one step, and returns how many. */
  addAll (keys: Iterable<ApiKey>): Promise<number>
}

const REDIS = /^rediss?:/i

/**
 * Opens the store that `--store` or the environment names.
 *
 * @param named - the value of `--store`
 * @param env - the variables; those that are not set are read from `.env`
 */
export function openStore (named: string | undefined, env: Readonly<Record<string, string | undefined>>): CliStore {
  const store = named ?? fromEnvironment(env)
  if (trimBlanks(store) === '') throw new UsageError('--store must name a file')
  if (REDIS.test(store)) throw new UsageError('a Redis store is not supported by this version: name a file')
  return new FileKeyStore(store)
}

function fromEnvironment (env: Readonly<Record<string, string | undefined>>): string {
  const dotenv = readDotenv()
  const read = (name: string): string => trimBlanks(env[name] ?? '') || trimBlanks(dotenv[name] ?? '')
  const [file, url] = [read('API_KEYS_FILE'), read('API_KEYS_REDIS_URL')]
  if (file && url) throw new UsageError('API_KEYS_FILE and API_KEYS_REDIS_URL are both set: say which with --store')
  const store = file || url
  if (!store) throw new UsageError('no key store is named: pass --store FILE, or set API_KEYS_FILE')
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
