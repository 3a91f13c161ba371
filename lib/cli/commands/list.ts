import { JSON_OPTION, STORE_OPTIONS } from '../call/options.ts'
import { formatExpiry, printJson, printTable, showsColors } from '../call/print.ts'
import type { ShownKey } from '../call/status.ts'
import { storeOf } from '../call/store.ts'
import { formatDuration } from '../call/time.ts'
import type { Command } from '../call/types.ts'
import { withUsage } from '../call/usage.ts'

const STYLES = { expired: '\x1b[31m', old: '\x1b[33m', good: '' } as const
const COLUMNS = 80

/** `dbgpt-auth list` */
export const list: Command = {
  summary: 'show the keys, and which have expired or are older than 90 days',
  operands: [],
  options: { json: { ...JSON_OPTION, help: 'print JSON, as import takes it' }, ...STORE_OPTIONS },
  async run (call) {
    const { values, streams, now } = call
    const { stdout, stderr } = streams
    const store = storeOf(call)
    const keys = await withUsage(await store.list(), store, call)
    if (values.json === true) printJson(stdout, keys)
    else if (keys.length === 0) stderr.write('There are no keys: "dbgpt-auth create" makes one.\n')
    else {
      const isUsed = keys.some(({ uses }) => uses !== undefined)
      const head = ['NAME', 'ID', 'AGE', 'EXPIRES', ...isUsed ? ['LAST USED'] : [], '']
      printTable(stdout, [head, ...keys.map(key => row(key, now, isUsed))], {
        columns: Math.max(COLUMNS, stdout.columns ?? 0),
        styles: showsColors(streams) ? ['', ...keys.map(({ status }) => STYLES[status])] : []
      })
    }
  }
}

function row (key: ShownKey, now: number, isUsed: boolean): string[] {
  const since = (date: Date): string => formatDuration(Math.max(0, now - date.getTime()))
  const age = key.createdAt === undefined ? 'unknown' : since(key.createdAt)
  const lastUsed = key.lastUsedAt === undefined ? '-' : `${since(key.lastUsedAt)} ago`
  return [key.name ?? '-', key.id, age, formatExpiry(key, now), ...isUsed ? [lastUsed] : [], key.status === 'good' ? '' : key.status]
}
