import { parseJson } from '../../keys/text.ts'
import type { Tallies, Tally } from '../tally.ts'
import { Turns } from '../turns.ts'

const VERSION = 1
const BEFORE = `{"version":${VERSION},"keys":{\n`
const BETWEEN = ',\n'
const AFTER = '\n}}\n'
const NEWER = 'it is of a format that this version does not know: update fastify-dbgpt-auth'

/** Writes tallies as JSON, a key a line; lets other work run in between. */
export async function serializeUsage (tallies: Tallies): Promise<string> {
  const lines: string[] = []
  const turns = new Turns()
  for (const [id, { count, lastUsedAt }] of tallies) {
    lines.push(`${JSON.stringify(id)}:${JSON.stringify({ count, lastUsedAt: new Date(lastUsedAt) })}`)
    if (turns.step()) await turns.pause()
  }
  return `${BEFORE}${lines.join(BETWEEN)}${AFTER}`
}

/**
 * Reads what was written so; lets other work run in between, unless somebody has written it in other lines since.
 *
 * @returns undefined if it is something else, or a part of it
 * @throws an error without a code if a version of this package wrote it that is yet to come
 */
export async function parseUsage (text: string): Promise<Map<string, Tally> | undefined> {
  const isAsWritten = text.startsWith(BEFORE) && text.endsWith(AFTER)
  const lines = isAsWritten ? text.slice(BEFORE.length, -AFTER.length).split(BETWEEN) : undefined
  const tallies = new Map<string, Tally>()
  const turns = new Turns()
  for (const part of lines ?? [parseWhole(text)]) {
    const keys = typeof part === 'string' ? parseJson(`{${part}}`) as object | undefined : part
    if (keys === undefined) return undefined
    for (const [id, value] of Object.entries(keys)) {
      const { count, lastUsedAt } = Object(value) as { count?: unknown, lastUsedAt?: unknown }
      const at = typeof lastUsedAt === 'string' ? Date.parse(lastUsedAt) : NaN
      if (!Number.isSafeInteger(count) || Number(count) < 0 || Number.isNaN(at)) return undefined
      tallies.set(id, { count: count as number, lastUsedAt: at })
    }
    if (turns.step()) await turns.pause()
  }
  return tallies
}

/** Returns the keys of a text that this version has written. */
function parseWhole (text: string): object | undefined {
  const { version, keys } = Object(parseJson(text)) as { version?: unknown, keys?: unknown }
  if (typeof version === 'number' && version > VERSION) throw new Error(NEWER)
  return version === VERSION && typeof keys === 'object' && keys !== null ? keys : undefined
}
