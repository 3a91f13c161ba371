import { randomUUID } from 'node:crypto'
import { withDetails } from '../../keys/api-key.ts'
import { changesBetween, KEYS_PER_ENTRY, namesOf } from '../history.ts'
import { type Changer, changerOf } from '../changer.ts'
import { FST_DBGPT_AUTH_REDIS_REPLICAS } from './errors.ts'
import type { ApiKey, ApiKeyDetails, ApiKeyHistoryEntry } from '../../types.ts'
import { Connection } from './connection.ts'
import type { CreateClient } from './client.ts'
import { CONNECT_MS } from './create-client.ts'
import { explain, isForbidden } from './fault.ts'
import { ADD, GET, PROBE, REMOVE, REMOVE_UNRECORDED, REPLACE } from './change-scripts.ts'
import { evaluate, type Layout, type Script, VERSION } from './layout.ts'
import { recall } from './history.ts'
import { readRecord } from './record.ts'
import { withReplicas } from './replicas.ts'

/** How long a change may take, and how much of that replicas have to confirm it, in milliseconds. */
const CHANGE_MS = 5000
const REPLICAS_MS = 1000

export interface WriterOptions {
  readonly createClient: CreateClient
  readonly layout: Layout
  readonly waitReplicas: number
  /** Whether the connection is kept for the next change. */
  readonly keep: () => boolean
  /** Is told of each change. */
  readonly onChange: (position: string, id: string, record: ApiKey | undefined, actor: string) => void
}

interface Shared {
  readonly connection: Promise<Connection>
  users: number
}

/** Changes the list in Redis, over a connection of its own that is made when it is needed. */
export class Writer {
  readonly #options: WriterOptions
  #shared: Shared | undefined

  constructor (options: WriterOptions) {
    this.#options = options
  }

  /**
   * Adds the records whose ids are free; without any, fails as adding would, where Redis tells before.
   *
   * @throws as {@link Writer.revoke}
   */
  async add (records: readonly ApiKey[], { actor }: Changer = changerOf()): Promise<number> {
    let count = 0
    if (records.length === 0) await this.run(PROBE, [])
    for (let start = 0; start < records.length; start += KEYS_PER_ENTRY) {
      const batch = records.slice(start, start + KEYS_PER_ENTRY)
      const stored = batch.flatMap(record => [record.id, JSON.stringify(record), JSON.stringify(namesOf(record))])
      const args = [...stored, VERSION, randomUUID(), actor]
      await this.#change<[string | null, (0 | 1)[]]>(ADD, args, ([position, flags]) => {
        if (position === null) return false
        const added = batch.filter((_, index) => flags[index] === 1)
        for (const record of added) this.#options.onChange(position, record.id, record, actor)
        count += added.length
        return true
      })
    }
    return count
  }

  /**
   * Gives a key other details.
   *
   * @returns false if there is no such key
   * @throws as {@link Writer.revoke}, or `FST_DBGPT_AUTH_KEY_INVALID`
   */
  async update (id: string, details: ApiKeyDetails, { actor }: Changer = changerOf()): Promise<boolean> {
    for (;;) {
      const json = await this.run<string | null>(GET, [id])
      if (json === null) return false
      const before = readRecord(id, json)
      const record = withDetails(before, details)
      const changes = changesBetween(before, record)
      const recorded = [JSON.stringify([namesOf(record)]), changes === undefined ? '' : JSON.stringify(changes)]
      const args = [id, json, JSON.stringify(record), actor, ...recorded]
      const replaced = await this.#change<string | null>(REPLACE, args, position => {
        if (position !== null) this.#options.onChange(position, id, record, actor)
        return position !== null
      })
      // Else another writer was faster, and what it wrote is to be kept.
      if (replaced) return true
    }
  }

  /**
   * Removes a key. That it cannot be written to the history is told, and keeps nobody from it.
   *
   * @returns false if there is no such key
   * @throws `FST_DBGPT_AUTH_REDIS`, `FST_DBGPT_AUTH_REDIS_UNCONFIRMED` or `FST_DBGPT_AUTH_REDIS_REPLICAS`
   */
  async revoke (id: string, changer: Changer = changerOf()): Promise<boolean> {
    try {
      return await this.#remove(REMOVE, id, changer)
    } catch (error) {
      // Nothing was done: the user may have no right to the history, of which older versions knew nothing.
      if (!isForbidden(error)) throw error
      return await this.#remove(REMOVE_UNRECORDED, id, changer)
    }
  }

  async #remove (script: Script, id: string, { actor, warn }: Changer): Promise<boolean> {
    return await this.#change<[string | null, string | null]>(script, [id, actor], ([position, problem]) => {
      if (position === null) return false
      this.#options.onChange(position, id, undefined, actor)
      if (problem !== null) {
        const place = `${this.#options.layout.history} in Redis`
        warn(`The key ${id} is revoked, which is in no history: ${place} cannot be written: ${explain(new Error(problem))}`)
      }
      return true
    })
  }

  /** Lets go of the connection. */
  async close (): Promise<void> {
    const shared = this.#shared
    this.#shared = undefined
    if (shared?.users === 0) await close(shared)
  }

  /**
   * Reads the newest entries of the history, the newest last.
   *
   * @throws `FST_DBGPT_AUTH_REDIS` or `FST_DBGPT_AUTH_REDIS_EMPTY`
   */
  async recall (limit: number): Promise<ApiKeyHistoryEntry[]> {
    return await this.#use(async connection => await recall(connection, this.#options.layout, limit))
  }

  /**
   * Runs a script that changes none of the keys.
   *
   * @throws `FST_DBGPT_AUTH_REDIS`
   */
  async run<T> (script: Script, args: string[]): Promise<T> {
    return await this.#use(async connection => {
      return await connection.ask<T>(client => evaluate(client, script, this.#options.layout, args))
    })
  }

  /** Makes a change, and has replicas confirm it. */
  async #change<T> (script: Script, args: string[], take: (reply: T) => boolean): Promise<boolean> {
    const { layout, waitReplicas } = this.#options
    let changed = false
    let confirmed = 0
    let cause: unknown
    await this.#use(async connection => {
      try {
        await connection.change(client => withReplicas(client, layout.keys, waitReplicas, async (pinned, confirm) => {
          changed = take(await evaluate(pinned, script, layout, args) as T)
          if (changed && waitReplicas > 0) confirmed = await confirm(waitReplicas, REPLICAS_MS)
        }), CHANGE_MS)
      } catch (error) {
        if (!changed) throw error
        cause = error
      }
    })
    if (changed && confirmed < waitReplicas) throw new FST_DBGPT_AUTH_REDIS_REPLICAS(confirmed, waitReplicas, { cause })
    return changed
  }

  /** Lends the connection that was kept, or a new one if something has come up against it. */
  async #use<T> (work: (connection: Connection) => Promise<T>): Promise<T> {
    const isNew = this.#shared === undefined
    const shared = this.#shared ??= { connection: this.#connect(), users: 0 }
    shared.users++
    let keep = false
    try {
      const connection = await shared.connection
      if (isNew || connection.sound) {
        const result = await work(connection)
        keep = connection.sound && this.#options.keep()
        return result
      }
    } finally {
      shared.users--
      if (!keep && this.#shared === shared) this.#shared = undefined
      if (this.#shared !== shared && shared.users === 0) await close(shared)
    }
    return await this.#use(work)
  }

  async #connect (): Promise<Connection> {
    const connection = new Connection(await this.#options.createClient())
    await connection.connect(CONNECT_MS)
    return connection
  }
}

async function close ({ connection }: Shared): Promise<void> {
  try {
    (await connection).close()
  } catch { /* it was never there */ }
}
