import { parseJson } from '../../keys/text.ts'
import type { ApiKeyHistoryEntry } from '../../types.ts'
import { readEntry } from '../history.ts'
import { RECALL } from './change-scripts.ts'
import type { Connection } from './connection.ts'
import { FST_DBGPT_AUTH_REDIS_EMPTY } from './errors.ts'
import { evaluate, type Layout } from './layout.ts'

/** How many entries are asked for at once: each may be of hundreds of keys. */
const PAGE = 200
/** How long they may take, in milliseconds. */
const PAGE_MS = 5000

type Recalled = [entries: [position: string, fields: string[]][], version: string | null]

/**
 * Reads the newest entries of the history, the newest last; those that this version does not know are passed over.
 *
 * @throws `FST_DBGPT_AUTH_REDIS`, or `FST_DBGPT_AUTH_REDIS_EMPTY` if there is neither an entry nor a list of keys
 */
export async function recall (connection: Connection, layout: Layout, limit: number): Promise<ApiKeyHistoryEntry[]> {
  const entries: ApiKeyHistoryEntry[] = []
  let next = '+'
  for (;;) {
    const args = [next, String(PAGE)]
    const [page, version] = await connection.ask<Recalled>(client => evaluate(client, RECALL, layout, args), PAGE_MS)
    if (page.length === 0 && version === null && next === '+') {
      throw new FST_DBGPT_AUTH_REDIS_EMPTY(connection.address, layout.meta)
    }
    for (const [position, fields] of page) {
      const entry = readEntry(entryOf(position, fields))
      if (entry !== undefined) entries.push(entry)
    }
    const last = page.at(-1)
    if (last === undefined || entries.length >= limit) return entries.slice(0, limit).reverse()
    next = `(${last[0]}`
  }
}

/** The position begins with the time, in milliseconds. */
function entryOf (position: string, fields: readonly string[]): object {
  const entry: Record<string, unknown> = { at: Number(position.split('-')[0]) }
  for (let index = 0; index < fields.length; index += 2) {
    const [name = '', value = ''] = fields.slice(index, index + 2)
    // What is no JSON is neither keys nor changes.
    entry[name] = name === 'keys' || name === 'changes' ? parseJson(value) ?? null : value
  }
  return entry
}
