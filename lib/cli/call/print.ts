import type { ApiKey } from '../../types.ts'
import { formatDuration } from './time.ts'
import type { Output } from './types.ts'

// East Asian wide characters and emoji take two columns of a terminal.
const WIDE = new RegExp(
  '[\\u1100-\\u115f\\u2e80-\\ua4cf\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe30-\\ufe6f\\uff00-\\uff60\\uffe0-\\uffe6' +
  '\\u{1f300}-\\u{1faff}\\u{20000}-\\u{3fffd}]', 'gu'
)
const ZERO_WIDTH = /\p{M}|\p{Cf}/gu

/**
 * Writes rows in aligned columns.
 *
 * @param rows - texts, the same number in each row
 */
export function printTable (output: Output, rows: readonly (readonly string[])[]): void {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => width(row[column] as string)))) ?? []
  for (const row of rows) {
    const line = row.map((text, column) => text + ' '.repeat((widths[column] as number) - width(text))).join('  ')
    output.write(`${line.trimEnd()}\n`)
  }
}

function width (text: string): number {
  return [...text.replaceAll(ZERO_WIDTH, '')].length + (text.match(WIDE)?.length ?? 0)
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
    ['expires', record.expiresAt?.toISOString() ?? 'never']
  ])
}

/**
 * Says when a key expires.
 *
 * @param now - milliseconds since the epoch
 */
export function formatExpiry ({ expiresAt }: ApiKey, now: number): string {
  if (expiresAt === undefined) return 'never'
  const date = expiresAt.toISOString().slice(0, 16).replace('T', ' ')
  const ahead = expiresAt.getTime() - now
  return ahead > 0 ? `${date}Z (in ${formatDuration(ahead)})` : `${date}Z`
}
