import { FST_DBGPT_AUTH_KEY_STORE_OPEN } from '../errors.ts'
import type { KeyStore, KeyStoreLog } from '../types.ts'

/** Several scopes, or apps, may share a store. */
const uses = new WeakMap<KeyStore, { count: number, readonly opened: Promise<void> }>()

/** Opens a store, unless it is open; it logs to the first that opens it. */
export async function openStore (store: KeyStore, log: KeyStoreLog): Promise<void> {
  const use = uses.get(store) ?? { count: 0, opened: (async () => { await store.open?.(log) })() }
  uses.set(store, use)
  use.count++
  try {
    await use.opened
  } catch (cause) {
    if (uses.get(store) === use) uses.delete(store)
    // A rejection without an error would count as a success.
    throw cause instanceof Error ? cause : new FST_DBGPT_AUTH_KEY_STORE_OPEN({ cause })
  }
}

/** Closes a store, which was opened here, if it is the last that uses it. */
export async function closeStore (store: KeyStore): Promise<void> {
  const use = uses.get(store)
  if (use === undefined || --use.count > 0) return
  uses.delete(store)
  await store.close?.()
}
