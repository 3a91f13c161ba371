import { setTimeout as pause } from 'node:timers/promises'
import { FST_DBGPT_AUTH_KEY_STORE_OPEN, FST_DBGPT_AUTH_KEY_STORE_SLOW } from '../errors.ts'
import type { KeyStore, KeyStoreLog } from '../types.ts'
import { logChanges } from './change-log.ts'

/** How much of the time that there is a store may take to open; in the rest our error is told. */
const SHARE = 0.9

interface Use {
  count: number
  readonly opened: Promise<void>
  /** Who logs its changes, and how often it is used with this log. */
  readonly logs: Map<KeyStoreLog, { count: number, readonly end: () => void }>
}

/** Several scopes, or apps, may share a store. */
const uses = new WeakMap<KeyStore, Use>()

/**
 * Opens a store, unless it is open; it logs to the first that opens it. Its changes are logged by each.
 *
 * @param ms - how long Fastify waits for a plugin, in milliseconds; 0, for ever
 */
export async function openStore (store: KeyStore, log: KeyStoreLog, ms = 0): Promise<void> {
  const use: Use = uses.get(store) ?? { count: 0, opened: (async () => { await store.open?.(log) })(), logs: new Map() }
  uses.set(store, use)
  use.count++
  try {
    await (ms === 0 ? use.opened : inTime(use.opened, Math.ceil(ms * SHARE)))
  } catch (cause) {
    // Others may have the patience; if not, it is closed once it is open.
    const isSlow = cause instanceof FST_DBGPT_AUTH_KEY_STORE_SLOW
    if (isSlow) use.opened.then(async () => await closeStore(store, log)).catch(forget)
    else forget()
    // A rejection without an error would count as a success.
    throw cause instanceof Error ? cause : new FST_DBGPT_AUTH_KEY_STORE_OPEN({ cause })
  }
  const logging = use.logs.get(log) ?? { count: 0, end: logChanges(store, log) }
  use.logs.set(log, logging)
  logging.count++

  function forget (): void {
    if (uses.get(store) === use) uses.delete(store)
  }
}

/** Closes a store, which was opened here, if it is the last that uses it. */
export async function closeStore (store: KeyStore, log: KeyStoreLog): Promise<void> {
  const use = uses.get(store)
  if (use === undefined) return
  const logging = use.logs.get(log)
  if (logging !== undefined && --logging.count === 0) {
    use.logs.delete(log)
    logging.end()
  }
  if (--use.count > 0) return
  uses.delete(store)
  await store.close?.()
}

async function inTime (opened: Promise<void>, ms: number): Promise<void> {
  const enough = new AbortController()
  const late = pause(ms, undefined, { signal: enough.signal }).then(() => { throw new FST_DBGPT_AUTH_KEY_STORE_SLOW(ms) })
  await Promise.race([opened, late]).finally(() => { enough.abort() })
}
