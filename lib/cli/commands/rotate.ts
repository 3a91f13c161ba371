import { createApiKey } from '../../api-key.ts'
import { generateApiKey } from '../../generate.ts'
import type { ApiKey } from '../../types.ts'
import { printNewKey } from '../print.ts'
import { select } from '../select.ts'
import { openStore } from '../store.ts'
import { parseDuration, parseInstant } from '../time.ts'
import { type Command, QUIET_OPTION, STORE_OPTION, textOption } from '../usage.ts'

const DEFAULT_GRACE = '24h'

/** `dbgpt-auth rotate` */
export const rotate: Command = {
  summary: 'make a new key of the same name and metadata, and let the old one end',
  argument: 'ID|NAME',
  options: {
    grace: { type: 'string', value: 'DURATION', help: `how long the old key lives on; 0 ends it now (default: ${DEFAULT_GRACE})` },
    expires: { type: 'string', value: 'WHEN', help: 'when the new key expires: 90d, or an ISO date (default: never)' },
    quiet: QUIET_OPTION,
    store: STORE_OPTION
  },
  async run (call) {
    const { values, argument, streams: { stdout, stderr, env }, now } = call
    const end = new Date(now + parseDuration(textOption(call, 'grace') ?? DEFAULT_GRACE, '--grace'))
    const expires = textOption(call, 'expires')
    const store = openStore(textOption(call, 'store'), env)
    const old = select(await store.list(), argument)
    const { name, metadata } = newest(old)
    const key = generateApiKey()
    const expiresAt = expires === undefined ? undefined : parseInstant(expires, '--expires', now)
    const record = createApiKey({ key, name, metadata, createdAt: new Date(now), expiresAt })
    await store.add(record)
    // From here on it lets its owner in: whatever comes, its text must not be lost.
    printNewKey(stdout, key, record, values.quiet === true)
    // A key that ends sooner is left to.
    const ending = old.filter(each => each.expiresAt === undefined || each.expiresAt > end)
    for (const { id } of ending) await store.expire(id, end)
    if (values.quiet === true) return
    stderr.write('Keep the key now: it is not shown again.\n')
    for (const { id } of ending) stderr.write(`The old key ${id} ends at ${end.toISOString()}.\n`)
  }
}

function newest (keys: readonly ApiKey[]): ApiKey {
  return keys.reduce((best, key) => (key.createdAt ?? 0) > (best.createdAt ?? 0) ? key : best)
}
