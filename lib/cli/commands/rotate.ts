import { createApiKey } from '../../keys/api-key.ts'
import { generateApiKey } from '../../keys/generate.ts'
import type { ApiKey } from '../../types.ts'
import { addAndPrint } from '../call/add-and-print.ts'
import { assertChangeable } from '../call/dry-run.ts'
import { CHANGE_OPTIONS, changeOptions, DRY_RUN_OPTION, QUIET_OPTION, textOption } from '../call/options.ts'
import { printTable } from '../call/print.ts'
import { changeEach, KEY_OPERAND, select, STDIN_OPTION } from '../call/select.ts'
import { type CliStore, storeOf } from '../call/store.ts'
import { parseEnd, parseInstant } from '../call/time.ts'
import type { Call, Command } from '../call/types.ts'

const DEFAULT_GRACE = '24h'

interface Rotation {
  readonly key: string
  readonly record: ApiKey
  /** The old keys that are to end, and when. */
  readonly ending: readonly ApiKey[]
  readonly end: Date
}

/** `dbgpt-auth rotate` */
export const rotate: Command = {
  summary: 'make a new key of the same name, metadata and scopes, and let the old one end',
  operands: [KEY_OPERAND],
  options: {
    grace: { type: 'string', value: 'DURATION', help: `how long the old key lives on; 0 ends it now (default: ${DEFAULT_GRACE})` },
    expires: { type: 'string', value: 'WHEN', help: 'when the new key expires: 90d, or an ISO date (default: never)' },
    quiet: QUIET_OPTION,
    stdin: STDIN_OPTION,
    'dry-run': DRY_RUN_OPTION,
    ...CHANGE_OPTIONS
  },
  async run (call) {
    const [store, by] = [storeOf(call), changeOptions(call)]
    const { key, record, ending, end } = await plan(call, store)
    if (call.values['dry-run'] === true) {
      await assertChangeable(store)
      printTable(call.streams.stdout, [
        ['would make', 'a new key', record.name ?? '-', `expires ${record.expiresAt?.toISOString() ?? 'never'}`],
        ...ending.map(({ id, name }) => ['would end', id, name ?? '-', `at ${end.toISOString()}`])
      ])
      return
    }
    await addAndPrint(store, key, record, call)
    await changeEach(ending, async ({ id }) => {
      const ended = await store.expire(id, end, by)
      if (ended && call.values.quiet !== true) call.streams.stderr.write(`The old key ${id} ends at ${end.toISOString()}.\n`)
    })
  }
}

async function plan (call: Call, store: CliStore): Promise<Rotation> {
  const { now } = call
  const end = parseEnd(textOption(call, 'grace') ?? DEFAULT_GRACE, '--grace', now)
  const expires = textOption(call, 'expires')
  const expiresAt = expires === undefined ? undefined : parseInstant(expires, '--expires', now)
  const old = await select(call, store)
  const { name, metadata, scopes } = newest(old)
  const key = generateApiKey()
  const record = createApiKey({ key, name, metadata, scopes, createdAt: new Date(now), expiresAt })
  // A key that ends sooner is left to.
  return { key, record, ending: old.filter(each => each.expiresAt === undefined || each.expiresAt > end), end }
}

function newest (keys: readonly ApiKey[]): ApiKey {
  return keys.reduce((best, key) => (key.createdAt ?? 0) > (best.createdAt ?? 0) ? key : best)
}
