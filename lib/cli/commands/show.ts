import { JSON_OPTION, STORE_OPTIONS } from '../call/options.ts'
import { formatScopes, printJson, printTable } from '../call/print.ts'
import { CHOICE_OPTIONS, KEY_OPERAND, selectOne } from '../call/select.ts'
import type { ShownKey } from '../call/status.ts'
import { storeOf } from '../call/store.ts'
import { formatDuration } from '../call/time.ts'
import type { Command } from '../call/types.ts'
import { withUsage } from '../call/usage.ts'

/** `dbgpt-auth show` */
export const show: Command = {
  summary: 'show all that is stored of a key',
  operands: [KEY_OPERAND],
  options: { json: JSON_OPTION, ...CHOICE_OPTIONS, ...STORE_OPTIONS },
  async run (call) {
    const { values, streams: { stdout }, now } = call
    const store = storeOf(call)
    const keys = await withUsage(await selectOne(call, store), store, call)
    if (values.json === true) {
      printJson(stdout, values.all === true ? keys : keys[0])
      return
    }
    for (const [index, key] of keys.entries()) {
      if (index > 0) stdout.write('\n')
      printTable(stdout, rows(key, now))
    }
  }
}

function rows (key: ShownKey, now: number): string[][] {
  const { id, digest, name, createdAt, expiresAt, metadata, status, lastUsedAt, uses } = key
  return [
    ['id', id],
    ['digest', `sha256:${digest}`],
    ['name', name ?? '-'],
    ['created', formatInstant(createdAt, now) ?? 'unknown'],
    ['expires', formatInstant(expiresAt, now) ?? 'never'],
    ['status', status],
    ['scopes', formatScopes(key)],
    ...uses === undefined ? [] : [['last used', formatInstant(lastUsedAt, now) as string], ['uses', String(uses)]],
    ['metadata', metadata === undefined ? '-' : JSON.stringify(metadata)]
  ]
}

function formatInstant (date: Date | undefined, now: number): string | undefined {
  if (date === undefined) return undefined
  const ahead = date.getTime() - now
  return `${date.toISOString()} (${ahead > 0 ? `in ${formatDuration(ahead)}` : `${formatDuration(-ahead)} ago`})`
}
