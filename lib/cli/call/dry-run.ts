import { FST_DBGPT_AUTH_KEYS_EMPTY } from '../../errors.ts'
import { FST_DBGPT_AUTH_KEY_FILE_UNREADABLE } from '../../stores/file/errors.ts'
import { FST_DBGPT_AUTH_REDIS_EMPTY } from '../../stores/redis/errors.ts'
import type { ApiKey } from '../../types.ts'
import type { CliStore } from './store.ts'

/** Fails as a change would, where that shows before it is made, and changes nothing. */
export async function assertChangeable (store: CliStore): Promise<void> {
  await store.addAll([])
}

/** Lists the keys of a store to which some are to be added: one that is not made yet, or is blank, holds none. */
export async function listForAdding (store: CliStore): Promise<ApiKey[]> {
  await assertChangeable(store)
  try {
    return await store.list()
  } catch (error) {
    const missing = error instanceof FST_DBGPT_AUTH_KEY_FILE_UNREADABLE && (error.cause as NodeJS.ErrnoException).code === 'ENOENT'
    if (missing || error instanceof FST_DBGPT_AUTH_KEYS_EMPTY || error instanceof FST_DBGPT_AUTH_REDIS_EMPTY) return []
    throw error
  }
}
