import { idOf } from '../../keys/digest.ts'
import { HISTORY_LENGTH } from '../../stores/history.ts'
import type { ApiKeyHistoryEntry } from '../../types.ts'
import { JSON_OPTION, STORE_OPTIONS, textOption, UsageError } from '../call/options.ts'
import { printJson, printTable } from '../call/print.ts'
import { readKey } from '../call/read-key.ts'
import { digestIn, KEY_OPERAND, STDIN_OPTION } from '../call/select.ts'
import { storeOf } from '../call/store.ts'
import type { Call, Command } from '../call/types.ts'

/** What it means that a key has no such detail, as `show` says it. */
const ABSENT: Readonly<Record<string, string>> = { expiresAt: 'never', scopes: 'all' }

type Keys = ApiKeyHistoryEntry['keys']

/** `dbgpt-auth history` */
export const history: Command = {
  summary: 'show who did what to the keys, or to one of them',
  operands: [`[${KEY_OPERAND}]`],
  options: {
    limit: { type: 'string', value: 'N', help: `how many changes at most, the newest (default: ${HISTORY_LENGTH})` },
    json: JSON_OPTION,
    stdin: STDIN_OPTION,
    ...STORE_OPTIONS
  },
  async run (call) {
    const { values, streams: { stdout, stderr } } = call
    const limit = parseLimit(textOption(call, 'limit'))
    const store = storeOf(call)
    const wanted = await wantedOf(call)
    const all = await store.history(wanted === undefined ? { limit } : {})
    const entries = wanted === undefined ? all : select(all, wanted).slice(-limit)
    if (wanted !== undefined && entries.length === 0) {
      throw new Error('no change of a key with this id, digest or name is in the history: see "dbgpt-auth history"')
    }
    if (values.json === true) printJson(stdout, entries)
    else if (entries.length === 0) stderr.write('There is no history yet: it begins with the next change.\n')
    else printTable(stdout, [['WHEN', 'WHO', 'WHAT', 'KEY', 'NAME', 'CHANGES'], ...entries.map(row)])
  }
}

function parseLimit (text = String(HISTORY_LENGTH)): number {
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (limit === 0 || limit > HISTORY_LENGTH) throw new UsageError(`--limit must be a number from 1 to ${HISTORY_LENGTH}`)
  return limit
}

/** What chooses a key: its id, or a name. */
async function wantedOf (call: Call): Promise<string | undefined> {
  if (call.values.stdin === true) return (await readKey(call.streams.stdin)).id
  const [wanted] = call.operands
  const digest = digestIn(wanted ?? '')
  return digest === undefined ? wanted : idOf(digest)
}

/** Picks what was done to a key, or else to all that have ever had the name; of others in the same entry, nothing. */
function select (entries: readonly ApiKeyHistoryEntry[], wanted: string): ApiKeyHistoryEntry[] {
  const isId = entries.some(({ keys }) => keys.some(({ id }) => id === wanted.toLowerCase()))
  const isWanted = (key: Keys[number], { changes }: ApiKeyHistoryEntry): boolean =>
    isId ? key.id === wanted.toLowerCase() : key.name === wanted || changes?.['name']?.from === wanted
  const ids = new Set(entries.flatMap(entry => entry.keys.filter(key => isWanted(key, entry)).map(({ id }) => id)))
  return entries
    .map(entry => ({ ...entry, keys: entry.keys.filter(({ id }) => ids.has(id)) }))
    .filter(({ keys }) => keys.length > 0)
}

function row ({ at, actor, action, keys, changes, failed }: ApiKeyHistoryEntry): string[] {
  const [{ id, name = '-' }, ...others] = keys as [Keys[number], ...Keys]
  const when = at.toISOString().replace(/T(.*)\..*/, ' $1Z')
  const what = failed === true ? `${action} failed` : action
  const details = Object.entries(changes ?? {}).map(([detail, change]) => formatChange(detail, change))
  return [when, actor, what, id, name, [...others.length > 0 ? [`and ${others.length} more`] : [], ...details].join(', ')]
}

function formatChange (detail: string, { from, to }: { readonly from?: unknown, readonly to?: unknown }): string {
  const [before, after] = [from, to].map(value => formatValue(value, ABSENT[detail]))
  return from === undefined && to === undefined ? detail : `${detail}: ${before} -> ${after}`
}

function formatValue (value: unknown, absent = 'none'): string {
  if (value === undefined) return absent
  if (Array.isArray(value)) return value.join(' ') || 'none'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
