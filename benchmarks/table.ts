import { cpus } from 'node:os'
import type { Times } from './rounds.ts'

const COLUMNS = ['keys', 'floor', 'good key', '× floor', 'wrong key', 'no key', 'bearer-auth', '× good key']

/**
 * Says where and how it was measured.
 *
 * @param passes - how many processes measured each size
 */
export function describe (passes: number): string {
  return [
    `Node.js ${process.version}, ${process.platform} ${process.arch}, ${cpus()[0]?.model ?? 'unknown CPU'}`,
    `Nanoseconds a check: the fastest of interleaved rounds; of that, and of the ratios, the median of ${passes} processes\n`
  ].join('\n')
}

/**
 * Lays the times out as a Markdown table.
 *
 * @param sizes - the numbers of keys
 * @param passes - the times of each pass, in the order of `sizes`
 */
export function table (sizes: readonly number[], passes: readonly (readonly Times[])[]): string {
  const rows = sizes.map((size, index) => [format(size), ...cells(passes.map(pass => pass[index] as Times))])
  const lines = [COLUMNS, COLUMNS.map(() => '---:'), ...rows]
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map(line => (line[column] as string).length)))
  return lines.map(line => `| ${line.map((cell, column) => cell.padStart(widths[column] as number)).join(' | ')} |`).join('\n')
}

function cells (passes: readonly Times[]): string[] {
  const time = (name: string): string => format(median(passes.map(times => times[name])))
  const ratio = (name: string, to: string, digits: number): string => {
    return format(median(passes.map(times => (times[name] ?? NaN) / (times[to] ?? NaN))), digits)
  }
  return [
    time('floor'), time('good'), ratio('good', 'floor', 2), time('wrong'), time('none'),
    time('bearer-auth'), ratio('bearer-auth', 'good', 1)
  ]
}

/** Of an even count, the higher of the two in the middle. */
function median (values: readonly (number | undefined)[]): number {
  return [...values].sort((a = NaN, b = NaN) => a - b)[values.length >> 1] ?? NaN
}

function format (value: number, digits = 0): string {
  if (Number.isNaN(value)) return ''
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}
