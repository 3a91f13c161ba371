import type { ApiKey } from '../../types.ts'
import { formatExpiry, printTable } from '../call/print.ts'
import { storeOf } from '../call/store.ts'
import { DAY_MS, formatDuration } from '../call/time.ts'
import { STORE_OPTIONS } from '../call/options.ts'
import type { Command } from '../call/types.ts'

const OLD_MS = 90 * DAY_MS
const STYLES = { expired: '\x1b[31m', old: '\x1b[33m', '': '' } as const

/** `dbgpt-auth list` */
export const list: Command = {
  summary: 'show the keys, and which have expired or are older than 90 days',
  options: { json: { type: 'boolean', help: 'print JSON' }, ...STORE_OPTIONS },
  async run (call) {
    const { values, streams: { stdout }, now } = call
    const keys = await storeOf(call).list()
    if (values.json === true) {
      stdout.write(`${JSON.stringify(keys.map(key => ({ ...key, status: statusOf(key, now) || 'good' })), null, 2)}\n`)
      return
    }
    const colored = stdout.isTTY === true && stdout.hasColors?.() === true
    printTable(stdout, [['NAME', 'ID', 'AGE', 'EXPIRES', ''], ...keys.map(key => row(key, now, colored))])
  }
}

function row (key: ApiKey, now: number, colored: boolean): string[] {
  const age = key.createdAt === undefined ? 'unknown' : formatDuration(Math.max(0, now - key.createdAt.getTime()))
  const status = statusOf(key, now)
  const style = colored ? STYLES[status] : ''
  // The last column: nothing is aligned after it.
  return [key.name ?? '-', key.id, age, formatExpiry(key, now), style === '' ? status : `${style}${status}\x1b[0m`]
}

function statusOf ({ createdAt, expiresAt }: ApiKey, now: number): keyof typeof STYLES {
  if (expiresAt !== undefined && expiresAt.getTime() <= now) return 'expired'
  return createdAt !== undefined && now - createdAt.getTime() > OLD_MS ? 'old' : ''
}
