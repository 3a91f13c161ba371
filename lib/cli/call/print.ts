import type { ApiKey } from '../../types.ts'
import { formatDuration } from './time.ts'
import type { Output, Streams } from './types.ts'
import { visible } from './visible.ts'

// East Asian wide characters and emoji take two columns of a terminal.
const WIDE = new RegExp(
  '[\\u1100-\\u115f\\u2e80-\\ua4cf\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe30-\\ufe6f\\uff00-\\uff60\\uffe0-\\uffe6' +
  '\\u{1f300}-\\u{1faff}\\u{20000}-\\u{3fffd}]', 'gu'
)
const ZERO_WIDTH = /\p{M}/gu
const GAP = '  '
const LEAST_WIDTH = 8

interface TableOptions {
  /** How wide the table may be; what stands in its first column is shortened for it. */
  readonly columns?: number
  /** What each row's last text is coloured with: a control sequence, or nothing. */
  readonly styles?: readonly string[]
}

/**
 * Writes rows in aligned columns.
 *
 * @param rows - texts, the same number in each row
 */
export function printTable (
  output: Output, rows: readonly (readonly string[])[], { columns = Infinity, styles = [] }: TableOptions = {}
): void {
  const cells = rows.map(row => row.map(visible))
  // Not by Math.max(...), which takes about 100,000 numbers at most.
  const widest = (column: number): number => cells.reduce((most, row) => Math.max(most, width(row[column] as string)), 0)
  const [first = 0, ...others] = cells[0]?.map((_, column) => widest(column)) ?? []
  const rest = others.reduce((sum, each) => sum + GAP.length + each, 0)
  const widths = [Math.min(first, Math.max(columns - rest, LEAST_WIDTH)), ...others]
  for (const [index, row] of cells.entries()) {
    const texts = row.map((text, column) => pad(shorten(text, widths[column] as number), widths[column] as number))
    const last = (texts.pop() as string).trimEnd()
    const style = styles[index] ?? ''
    output.write(`${[...texts, style === '' ? last : `${style}${last}\x1b[0m`].join(GAP).trimEnd()}\n`)
  }
}

function width (text: string): number {
  return [...text.replaceAll(ZERO_WIDTH, '')].length + (text.match(WIDE)?.length ?? 0)
}

function pad (text: string, columns: number): string {
  return text + ' '.repeat(columns - width(text))
}

function shorten (text: string, columns: number): string {
  if (width(text) <= columns) return text
  const characters = [...text].slice(0, columns)
  while (width(characters.join('')) >= columns) characters.pop()
  return `${characters.join('')}…`
}

/** Writes a value as JSON. */
export function printJson (output: Output, value: unknown): void {
  output.write(`${visible(JSON.stringify(value, null, 2))}\n`)
}

/** Tells whether standard output is a terminal that shows colours, and nobody has turned them off. */
export function showsColors ({ stdout, env }: Streams): boolean {
  // An empty NO_COLOR is an unset one (no-color.org); not so for Node 20.
  const { NO_COLOR: none, ...others } = env
  return stdout.isTTY === true && stdout.hasColors?.(none === '' ? others : env) === true
}

/** Shows a new key, the one time that its text is seen. */
export function printNewKey (output: Output, text: string, record: ApiKey, quiet: boolean): void {
  if (quiet) {
    output.write(`${text}\n`)
    return
  }
  printTable(output, [
    ['key', text],
    ['id', record.id],
    ['name', record.name ?? '-'],
    ['expires', record.expiresAt?.toISOString() ?? 'never'],
    ...record.scopes === undefined ? [] : [['scopes', formatScopes(record)]]
  ])
}

/** Says what a key may do. */
export function formatScopes ({ scopes }: Pick<ApiKey, 'scopes'>): string {
  return scopes === undefined ? 'all' : scopes.length === 0 ? 'none' : scopes.join(' ')
}

/**
 * Says when a key expires.
 *
 * @param now - milliseconds since the epoch
 */
export function formatExpiry ({ expiresAt }: ApiKey, now: number): string {
  if (expiresAt === undefined) return 'never'
  const ahead = expiresAt.getTime() - now
  return ahead > 0 ? `${formatMinute(expiresAt)} (in ${formatDuration(ahead)})` : formatMinute(expiresAt)
}

/** Writes an instant to the minute. */
export function formatMinute (date: Date): string {
  return date.toISOString().replace(/T(\d\d:\d\d).*/, ' $1Z')
}
