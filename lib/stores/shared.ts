import { FST_DBGPT_AUTH_KEY_STORE_OPEN } from '../errors.ts'
import type { KeyStore, KeyStoreLog } from '../types.ts'

interface Use {
  count: number
  readonly opened: Promise<void>
}

/** Several scopes, or apps, may share a store. */
const uses = new WeakMap<KeyStore, Use>()

/**
 * Opens a store, unless it is open.
 *
 * @param store - the store
 * @param log - the logger of the first that opens it
 */
export async function openStore (store: KeyStore, log: KeyStoreLog): Promise<void> {
  const use = uses.get(store) ?? { count: 0, opened: open(store, log) }
  uses.set(store, use)
  use.count++
  try {
    await use.opened
  } catch (error) {
    if (uses.get(store) === use) uses.delete(store)
    throw error
  }
}

/**
 * Closes a store if it is the last that uses it.
 *
 * @param store - the store, which was opened here
 */
export async function closeStore (store: KeyStore): Promise<void> {
  const use = uses.get(store) as Use
  if (--use.count > 0) return
  uses.delete(store)
  await store.close?.()
}

/** A promise also if the store throws at once. */
async function open (store: KeyStore, log: KeyStoreLog): Promise<void> {
  try {
    await store.open?.(log)
  } catch (cause) {
    // A rejection without an error would count as a success.
    throw cause instanceof Error ? cause : new FST_DBGPT_AUTH_KEY_STORE_OPEN({ cause })
  }
}
