import type { ApiKey } from '../../types.ts'

/** The command did what it could, and that was not enough. */
export class NoSuchKeyError extends Error {
  constructor () {
    // What was asked for is not told: somebody may have given a key's text.
    super('no key has this id or name: see "dbgpt-auth list"')
  }
}

/**
 * Picks the keys with an id, or else those with a name.
 *
 * @throws {@link NoSuchKeyError}
 */
export function select (keys: readonly ApiKey[], idOrName: string): readonly ApiKey[] {
  const byId = keys.filter(key => key.id === idOrName)
  const selected = byId.length > 0 ? byId : keys.filter(key => key.name === idOrName)
  if (selected.length === 0) throw new NoSuchKeyError()
  return selected
}

/**
 * Changes each of the keys; a failure keeps none of the others from it.
 *
 * @throws the first failure
 */
export async function changeEach (keys: readonly ApiKey[], change: (key: ApiKey) => Promise<void>): Promise<void> {
  const failures: unknown[] = []
  for (const key of keys) await change(key).catch(failure => { failures.push(failure) })
  if (failures.length > 0) throw failures[0]
}
