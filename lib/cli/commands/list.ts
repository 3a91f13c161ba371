import { JSON_OPTION, STORE_OPTIONS } from '../call/options.ts'
import { formatExpiry, printJson, printTable, showsColors } from '../call/print.ts'
import type { ShownKey } from '../call/status.ts'
import { storeOf } from '../call/store.ts'
import { formatDuration } from '../call/time.ts'
import type { Command } from '../call/types.ts'
import { withUsage } from '../call/usage.ts'

const STYLES = { expired: '\x1b[31m', old: '\x1b[33m', good: '' } as const
const COLUMNS = 80

/** A column that is shown where one of the keys has something for it. */
interface Column {
  readonly title: string
  readonly has: (key: ShownKey) => boolean
  readonly cell: (key: ShownKey, now: number) => string
}

const COLUMNS_OF_SOME: readonly Column[] = [
  {
    title: 'SCOPES',
    has: ({ scopes }) => scopes !== undefined,
    // A list of them would not fit: `show` has it.
    cell: ({ scopes }) => scopes === undefined ? 'all' : String(scopes.length || 'none')
  },
  {
    title: 'LAST USED',
    has: ({ uses }) => uses !== undefined,
    cell: ({ lastUsedAt }, now) => lastUsedAt === undefined ? '-' : `${formatAge(lastUsedAt, now)} ago`
  }
]

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
      const columns = COLUMNS_OF_SOME.filter(({ has }) => keys.some(has))
      const head = ['NAME', 'ID', 'AGE', 'EXPIRES', ...columns.map(({ title }) => title), '']
      printTable(stdout, [head, ...keys.map(key => row(key, now, columns))], {
        columns: Math.max(COLUMNS, stdout.columns ?? 0),
        styles: showsColors(streams) ? ['', ...keys.map(({ status }) => STYLES[status])] : []
      })
    }
  }
}

function row (key: ShownKey, now: number, columns: readonly Column[]): string[] {
  const age = key.createdAt === undefined ? 'unknown' : formatAge(key.createdAt, now)
  const more = columns.map(({ cell }) => cell(key, now))
  return [key.name ?? '-', key.id, age, formatExpiry(key, now), ...more, key.status === 'good' ? '' : key.status]
}

function formatAge (date: Date, now: number): string {
  return formatDuration(Math.max(0, now - date.getTime()))
}
