import { constants, type Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import { parseJson } from '../../keys/text.ts'
import type { ApiKeyHistoryEntry } from '../../types.ts'
import type { Changes } from '../changes.ts'
import { HISTORY_LENGTH, readEntry } from '../history.ts'
import { FST_DBGPT_AUTH_KEY_FILE_HISTORY } from './errors.ts'
import { linesFromEnd } from './last-lines.ts'
import { readKeyFile } from './read.ts'
import { reasonOf } from './reason.ts'
import { targetOf } from './target.ts'

const ACTION = { added: 'add', changed: 'update', revoked: 'revoke' } as const

/** What is said of a pipe in the place of a history, which must keep nobody waiting. */
export const NO_FILE = 'it is no file, but a folder, a pipe or a device'

/** Names the history of a file of keys: it is beside it. */
export function historyOf (keyFile: string): string {
  return `${keyFile}.history`
}

/**
 * Reads the newest entries of a history, the newest last; lines that are none are passed over.
 *
 * @param path - the file of keys; a symbolic link has its history beside what it points to
 * @throws `FST_DBGPT_AUTH_KEY_FILE_HISTORY` if it cannot be read, `FST_DBGPT_AUTH_KEY_FILE_UNREADABLE` if there is neither
 */
export async function readHistory (path: string, limit: number): Promise<ApiKeyHistoryEntry[]> {
  let file = path
  try {
    file = await targetOf(path)
    return (await readNewest(historyOf(file), limit, () => 0)).entries.reverse()
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new FST_DBGPT_AUTH_KEY_FILE_HISTORY(historyOf(file), `read: ${reasonOf(cause as Error, 'read')}`, { cause })
    }
  }
  await readKeyFile(path)
  return []
}

/** Follows a history, for who made the changes that are seen in the file of keys. */
export class HistoryNews {
  readonly #path: string
  #seen: Pick<Stats, 'dev' | 'ino' | 'size'> = { dev: 0, ino: 0, size: 0 }
  /** Who made which change, by the last look and the one before: a line may be seen before its change is. */
  #actors: readonly ReadonlyMap<string, string>[] = []

  /** @param path - the file of keys */
  constructor (path: string) {
    this.#path = path
  }

  /** Passes over what is there. */
  async begin (): Promise<void> {
    await this.#take(0)
  }

  /** Reads what was written since the last time. */
  async look (): Promise<void> {
    const actors = new Map<string, string>()
    for (const { actor, action, keys, failed } of await this.#take(HISTORY_LENGTH)) {
      if (failed) continue
      // The newest come first.
      for (const { id } of keys) if (!actors.has(`${action} ${id}`)) actors.set(`${action} ${id}`, actor)
    }
    this.#actors = [actors, ...this.#actors.slice(0, 1)]
  }

  /** Says who made changes that are seen now. */
  attribute (changes: Changes): Changes {
    return changes.attribute((id, kind) => this.#actors.map(actors => actors.get(`${ACTION[kind]} ${id}`)).find(Boolean))
  }

  /** Returns the newest entries of what was written since the last time; nothing, if it cannot be read. */
  async #take (limit: number): Promise<readonly ApiKeyHistoryEntry[]> {
    try {
      const { entries, stats } = await readNewest(historyOf(await targetOf(this.#path)), limit, ({ dev, ino, size }) => {
        const isSame = dev === this.#seen.dev && ino === this.#seen.ino && size >= this.#seen.size
        return isSame ? this.#seen.size : 0
      })
      this.#seen = stats
      return entries
    } catch {
      return []
    }
  }
}

async function readNewest (
  place: string, limit: number, beginningOf: (stats: Stats) => number
): Promise<{ readonly entries: ApiKeyHistoryEntry[], readonly stats: Stats }> {
  const handle = await open(place, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw new Error(NO_FILE)
    const entries: ApiKeyHistoryEntry[] = []
    for await (const line of linesFromEnd(handle, stats.size, beginningOf(stats))) {
      if (entries.length >= limit) break
      const entry = readEntry(parseJson(line))
      if (entry !== undefined) entries.push(entry)
    }
    return { entries, stats }
  } finally {
    await handle.close()
  }
}
