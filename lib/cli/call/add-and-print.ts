import { FST_DBGPT_AUTH_REDIS_REPLICAS, FST_DBGPT_AUTH_REDIS_UNCONFIRMED } from '../../stores/redis/errors.ts'
import type { ApiKey } from '../../types.ts'
import { changeOptions } from './options.ts'
import { printNewKey } from './print.ts'
import type { CliStore } from './store.ts'
import type { Call } from './types.ts'

/** Stores a new key and shows it, the one time that its text is seen; also if it may have been stored though that failed. */
export async function addAndPrint (store: CliStore, key: string, record: ApiKey, call: Call): Promise<void> {
  const { values, streams: { stdout, stderr, onNewKey } } = call
  const quiet = values.quiet === true
  const by = changeOptions(call)
  const print = (): void => {
    onNewKey?.(record.id)
    printNewKey(stdout, key, record, quiet)
    if (!quiet) stderr.write('Keep the key now: it is not shown again.\n')
  }
  try {
    await store.add(record, by)
  } catch (error) {
    if (error instanceof FST_DBGPT_AUTH_REDIS_REPLICAS || error instanceof FST_DBGPT_AUTH_REDIS_UNCONFIRMED) print()
    throw error
  }
  print()
}
