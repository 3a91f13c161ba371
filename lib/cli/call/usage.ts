import type { ApiKey } from '../../types.ts'
import { type ShownKey, withStatus } from './status.ts'
import type { CliStore } from './store.ts'
import type { Call } from './types.ts'
import { visible } from './visible.ts'

/** Adds to each record how it is doing and how it was used: what is known of that is less than what is known of keys. */
export async function withUsage (keys: readonly ApiKey[], store: CliStore, call: Call): Promise<ShownKey[]> {
  const { streams: { stderr }, now } = call
  const usage = await store.usage(keys).catch(({ message }: Error) => {
    stderr.write(`dbgpt-auth: how keys are used is not shown: ${visible(message)}\n`)
    return undefined
  })
  return keys.map(key => withStatus(key, now, usage?.get(key.id)))
}
