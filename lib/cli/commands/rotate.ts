import { createApiKey } from '../../keys/api-key.ts'
import { generateApiKey } from '../../keys/generate.ts'
import type { ApiKey } from '../../types.ts'
import { addAndPrint } from '../call/add-and-print.ts'
import { changeEach, select } from '../call/select.ts'
import { storeOf } from '../call/store.ts'
import { parseDuration, parseInstant } from '../call/time.ts'
import { CHANGE_OPTIONS, QUIET_OPTION, textOption } from '../call/options.ts'
import type { Command } from '../call/types.ts'

const DEFAULT_GRACE = '24h'

/** `dbgpt-auth rotate` */
export const rotate: Command = {
  summary: 'make a new key of the same name and metadata, and let the old one end',
  argument: 'ID|NAME',
  options: {
    grace: { type: 'string', value: 'DURATION', help: `how long the old key lives on; 0 ends it now (default: ${DEFAULT_GRACE})` },
    expires: { type: 'string', value: 'WHEN', help: 'when the new key expires: 90d, or an ISO date (default: never)' },
    quiet: QUIET_OPTION,
    ...CHANGE_OPTIONS
  },
  async run (call) {
    const { argument, streams: { stderr }, now } = call
    const end = new Date(now + parseDuration(textOption(call, 'grace') ?? DEFAULT_GRACE, '--grace'))
    const expires = textOption(call, 'expires')
    const store = storeOf(call)
    const old = select(await store.list(), argument)
    const { name, metadata } = newest(old)
    const key = generateApiKey()
    const expiresAt = expires === undefined ? undefined : parseInstant(expires, '--expires', now)
    await addAndPrint(store, key, createApiKey({ key, name, metadata, createdAt: new Date(now), expiresAt }), call)
    // A key that ends sooner is left to.
    const ending = old.filter(each => each.expiresAt === undefined || each.expiresAt > end)
    await changeEach(ending, async ({ id }) => {
      const ended = await store.expire(id, end)
      if (ended && call.values.quiet !== true) stderr.write(`The old key ${id} ends at ${end.toISOString()}.\n`)
    })
  }
}

function newest (keys: readonly ApiKey[]): ApiKey {
  return keys.reduce((best, key) => (key.createdAt ?? 0) > (best.createdAt ?? 0) ? key : best)
}
