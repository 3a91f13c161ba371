import { resolve } from 'node:path'
import type { Variables } from '../../config/dotenv.ts'
import { pickSet, type Reading, readPlaces } from '../../config/environment.ts'
import type { Settings } from '../../config/settings.ts'
import { FileKeyStore } from '../../stores/file/store.ts'
import { isForbidden } from '../../stores/redis/fault.ts'
import { RedisKeyStore } from '../../stores/redis/store.ts'
import type { Found } from '../finding.ts'
import { collect, type Collected } from './collect.ts'
import { examineKeyFile } from './key-file.ts'
import { examineKeys } from './keys.ts'
import { examineReading, factsOf } from './reading.ts'
import { failureOf, start } from './start.ts'
import type { ServerCode } from './texts.ts'

/**
 * Says what a server that is started here would do, and what is wrong with that: in this environment, with `.env` of the
 * working directory. Causes come before what comes of them. Nothing is changed, and each wait has an end.
 *
 * @param now - milliseconds since the epoch
 */
export async function examineServer (env: Variables, now = Date.now()): Promise<Found<ServerCode>[]> {
  if (!hasFolder()) return [{ code: 'folder_gone' }]
  let reading: Reading
  try {
    reading = readPlaces(env)
  } catch (error) {
    return [{ code: 'fact_fails' }, failureOf(error as Error, pickSet(env))]
  }
  const collected = collect()
  const look = async (settings: Settings) => await examineStart(settings, reading, collected, now)
  const seen = await start(reading.environment, collected.log, look)
  const warnings = collected.warnings.map(warning => withFile(warning, reading))
  return [...factsOf(reading), ...examineReading(reading, env), ...warnings, ...seen]
}

/** A process may outlive the folder that it was started in. */
function hasFolder (): boolean {
  try {
    return process.cwd() !== ''
  } catch {
    return false
  }
}

async function examineStart (
  settings: Settings, { environment }: Reading, { unreadable }: Collected, now: number
): Promise<Found<ServerCode>[]> {
  if (!settings.on) {
    return [{ code: 'fact_open' }, { code: environment.API_AUTH === 'off' ? 'switched_off' : 'starts_open' }]
  }
  const { store, source, usage } = settings
  const found: Found<ServerCode>[] = [{ code: 'fact_on', params: { count: store.size as number, source } }]
  const isManaged = store instanceof FileKeyStore || store instanceof RedisKeyStore
  if (isManaged) found.push(...examineKeys(await store.list(), unreadable, now))
  if (store instanceof FileKeyStore) found.push(...await examineKeyFile(environment.API_KEYS_FILE as string, store, usage))
  if (store instanceof RedisKeyStore) found.push(...await examineRedis(store))
  return found
}

async function examineRedis (store: RedisKeyStore): Promise<Found<ServerCode>[]> {
  try {
    await store.addAll([])
    return []
  } catch (error) {
    // docs/scaling.md has instances use such a user.
    if (isForbidden(error)) return [{ code: 'fact_redis_reads' }]
    return [{ code: 'redis_unchangeable', params: { detail: (error as Error).message } }]
  }
}

/** Names the key file in what the fix is a command for. */
function withFile ({ code, params }: Found<ServerCode>, { environment }: Reading): Found<ServerCode> {
  return { code, params: code === 'key_file_writable' ? { file: resolve(environment.API_KEYS_FILE as string) } : params }
}
