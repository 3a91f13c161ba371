import { FST_DBGPT_AUTH_REDIS, FST_DBGPT_AUTH_REDIS_EMPTY } from './errors.ts'
import type { ApiKey } from '../../types.ts'
import { type Connection, OVERDUE_MS } from './connection.ts'
import { KnownKeys } from './known-keys.ts'
import { BEGINNING, evaluate, isBefore, type Layout, type Read, READ } from './layout.ts'
import { readRecord } from './record.ts'

/** How many keys, or changes, are asked for at once: so many that their reading is hardly felt by other work. */
const PAGE = 1000
/** How long the first answer to a list's reading may take, and each page: a whole fleet may be reading. In milliseconds. */
const BEGIN_MS = 2000
const PAGE_MS = 5000

/** Where a list is read from, and who is told of records in it that are none. */
export interface Source {
  readonly connection: Connection
  readonly layout: Layout
  readonly onUnreadable: (id: string, error: Error) => void
}

interface LogEntry { readonly id: string, readonly message: { readonly id?: string, readonly actor?: string } }
type LogPage = [{ readonly messages: readonly LogEntry[] }] | null
interface Page { readonly cursor: string, readonly entries: { readonly field: string, readonly value: string }[] }

/** The whole list as it was at a position of the log. */
export class Snapshot {
  readonly keys = new KnownKeys()
  #epoch: string | null = null
  #position = BEGINNING
  /** Where the log ended when its end was last asked for: what is read next gets there. */
  #last = BEGINNING
  /** Changes that were made ahead of the log: their positions by id. */
  readonly #ahead = new Map<string, string>()

  /**
   * Reads the whole list.
   *
   * @throws `FST_DBGPT_AUTH_REDIS` or `FST_DBGPT_AUTH_REDIS_EMPTY`
   */
  async load (source: Source): Promise<void> {
    // First the position: what changes while the list is read comes after it, and is looked at again.
    const [, epoch, last] = await this.#look(source, BEGINNING, BEGINNING, [], BEGIN_MS)
    this.#epoch = epoch
    this.#position = last
    let next: Promise<Page> | undefined = askPage(source, '0')
    while (next !== undefined) {
      const { cursor, entries }: Page = await next
      // On its way while this one is taken in.
      next = cursor === '0' ? undefined : askPage(source, cursor)
      for (const { field, value } of entries) this.#take(field, value, source)
    }
    while (await this.advance(source)) { /* until nothing more has changed */ }
    this.keys.takeChanges()
  }

  /**
   * Reads what has changed since the position.
   *
   * @param blockMs - how long to wait for a change, in milliseconds
   * @throws `FST_DBGPT_AUTH_REDIS` or `FST_DBGPT_AUTH_REDIS_EMPTY` if this list cannot be carried on
   */
  async advance (source: Source, blockMs?: number): Promise<boolean> {
    const { connection, layout: { changes } } = source
    const options = { COUNT: PAGE, ...(blockMs !== undefined && { BLOCK: blockMs }) }
    const stream = { key: changes, id: this.#position }
    const answer = await connection.ask<LogPage>(client => client.xRead(stream, options), (blockMs ?? 0) + OVERDUE_MS)
    const messages = answer?.[0]?.messages ?? []
    const ids = [...new Set(messages.flatMap(({ message }) => message.id ?? []))]
    const actors = new Map(messages.map(({ message: { id, actor } }) => [id, actor]))
    const read = messages.at(-1)?.id ?? this.#position
    const [, epoch, last, held, size, records, later] = await this.#look(source, this.#position, read, ids).catch(error => {
      // That they have changed is known, and to what is not: they are let in no more.
      for (const id of ids) this.keys.set(id, null)
      throw error
    })
    const { address } = connection
    if (epoch !== this.#epoch) throw new FST_DBGPT_AUTH_REDIS(address, 'another list of keys is in its place')
    if (held === 0) throw new FST_DBGPT_AUTH_REDIS(address, 'its log of changes no longer holds the last one seen here')
    if (messages.length === 0 && isBefore(this.#position, this.#last)) {
      throw new FST_DBGPT_AUTH_REDIS(address, 'its client reads from a replica that is behind')
    }
    this.#last = last
    for (const [id, actor] of later) actors.set(id, actor === '' ? undefined : actor)
    for (const [index, id] of ids.entries()) {
      // What was read before a change that is already made here would undo it.
      if (!isBefore(last, this.#ahead.get(id) ?? last)) this.#take(id, records[index] ?? null, source, actors.get(id))
    }
    this.#position = read
    for (const [id, position] of this.#ahead) if (!isBefore(this.#position, position)) this.#ahead.delete(id)
    if (this.#position === last && size !== this.keys.size && this.#ahead.size === 0) {
      throw new FST_DBGPT_AUTH_REDIS(address, 'its list holds other keys than its log of changes tells of')
    }
    return messages.length > 0
  }

  /** Makes a change that is known from elsewhere, unless the list is ahead of it. */
  apply (position: string, id: string, record: ApiKey | undefined, actor?: string): void {
    if (!isBefore(this.#position, position)) return
    this.#ahead.set(id, position)
    this.keys.set(id, record, actor)
  }

  async #look (
    { connection, layout }: Source, position: string, seen: string, ids: string[], ms = OVERDUE_MS
  ): Promise<Read> {
    const read = await connection.ask<Read>(client => evaluate(client, READ, layout, [position, seen, ...ids]), ms)
    const [version] = read
    if (version === null) throw new FST_DBGPT_AUTH_REDIS_EMPTY(connection.address, layout.meta)
    return read
  }

  #take (id: string, json: string | null, { onUnreadable }: Source, actor?: string): void {
    try {
      this.keys.set(id, json === null ? undefined : readRecord(id, json), actor)
    } catch (error) {
      this.keys.set(id, null)
      onUnreadable(id, error as Error)
    }
  }
}

async function askPage ({ connection, layout: { keys } }: Source, cursor: string): Promise<Page> {
  return await connection.ask(client => client.hScan(keys, cursor, { COUNT: PAGE }), PAGE_MS)
}
