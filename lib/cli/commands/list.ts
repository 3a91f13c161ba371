import { JSON_OPTION, STORE_OPTIONS } from '../call/options.ts'
import { formatExpiry, printJson, printTable, showsColors } from '../call/print.ts'
import { type ShownKey, withStatus } from '../call/status.ts'
import { storeOf } from '../call/store.ts'
import { formatDuration } from '../call/time.ts'
import type { Command } from '../call/types.ts'

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
    const keys = (await storeOf(call).list()).map(key => withStatus(key, now))
    if (values.json === true) printJson(stdout, keys)
    else if (keys.length === 0) stderr.write('There are no keys: "dbgpt-auth create" makes one.\n')
    else {
      // Where no key has scopes, nobody is told of them.
      const scoped = keys.some(({ scopes }) => scopes !== undefined)
      printTable(stdout, [['NAME', 'ID', 'AGE', 'EXPIRES', ...scoped ? ['SCOPES'] : [], ''], ...keys.map(key => row(key, now, scoped))], {
        columns: Math.max(COLUMNS, stdout.columns ?? 0),
        styles: showsColors(streams) ? ['', ...keys.map(({ status }) => STYLES[status])] : []
      })
    }
  }
}

function row (key: ShownKey, now: number, scoped: boolean): string[] {
  const age = key.createdAt === undefined ? 'unknown' : formatDuration(Math.max(0, now - key.createdAt.getTime()))
  return [key.name ?? '-', key.id, age, formatExpiry(key, now), ...scoped ? [countScopes(key)] : [], key.status === 'good' ? '' : key.status]
}

/** A list of them would not fit: `show` has it. */
function countScopes ({ scopes }: ShownKey): string {
  return scopes === undefined ? 'all' : scopes.length === 0 ? 'none' : String(scopes.length)
}
