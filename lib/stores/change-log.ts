import type { ApiKey, ApiKeyChanges, KeyStore, KeyStoreLog } from '../types.ts'

/** How often keys are looked for that have expired, in milliseconds. */
const INTERVAL_MS = 60_000
/** How many keys of a kind a line names. */
const NAMED = 20

/** A store whose list can be asked for. */
type Listing = KeyStore & { list? (): Promise<ApiKey[]> }

/**
 * Logs which keys are added, changed and revoked and by whom, and which have expired since the last look, of a store that
 * tells.
 *
 * @returns ends that
 */
export function logChanges (store: Listing, log: KeyStoreLog): () => void {
  if (store.onChange === undefined) return () => {}
  // An application's own store may return nothing.
  const end: (() => void) | undefined = store.onChange(changes => { report(changes, store, log) })
  let lastLook = Date.now()
  const timer = setInterval(() => {
    const [from, to] = [lastLook, lastLook = Date.now()]
    Promise.resolve().then(async () => await store.list?.() ?? []).then(keys => {
      const expired = keys.filter(({ expiresAt }) => expiresAt && from < expiresAt.getTime() && expiresAt.getTime() <= to)
      if (expired.length > 0) report({ expired }, store, log)
    }).catch(() => { /* the store says so itself, or its requests are answered 503 */ })
  }, INTERVAL_MS).unref()
  return () => {
    clearInterval(timer)
    end?.()
  }
}

type Reported = Partial<ApiKeyChanges> & { readonly expired?: readonly ApiKey[] }

function report (changes: Reported, { size }: KeyStore, log: KeyStoreLog): void {
  const { added = [], changed = [], revoked = [], expired = [], actors } = changes
  const kinds = Object.entries({ added, changed, revoked, expired }).filter(([, keys]) => keys.length > 0)
  const fields = kinds.map(([kind, keys]) => [kind, {
    count: keys.length, keys: keys.slice(0, NAMED).map(({ id, name }) => ({ id, name, actor: actors?.get(id) }))
  }])
  log.info({ ...Object.fromEntries(fields), keys: size }, `API keys: ${kinds.map(([kind, keys]) => `${keys.length} ${kind}`).join(', ')}`)
}
