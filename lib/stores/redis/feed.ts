import { setTimeout as pause } from 'node:timers/promises'
import { FST_DBGPT_AUTH_REDIS_FEED_LOST, FST_DBGPT_AUTH_REDIS_UNREADABLE } from './errors.ts'
import type { Changes } from '../changes.ts'
import type { ApiKey, KeyStoreLog, KeyStoreStatus } from '../../types.ts'
import { Connection, OVERDUE_MS } from './connection.ts'
import type { CreateClient } from './client.ts'
import { CONNECT_MS } from './create-client.ts'
import type { Layout } from './layout.ts'
import { Snapshot, type Source } from './snapshot.ts'

/** How long Redis waits for a change before it answers that there is none: the heartbeat, in milliseconds. */
const HEARTBEAT_MS = 500
/** How long connecting may take after a fault, where a new attempt is better than a long one. */
const RECONNECT_MS = 2000
const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 500

/** How many reasons are told apart, of which none is told twice. */
const REASONS = 8
/** Another word for the same reason, or another node of several that is as dead, is no news. */
const DETAILS = / \(.*?\)/g

const ID = /^[0-9a-f]{16}$/

export interface FeedOptions {
  readonly createClient: CreateClient
  readonly layout: Layout
  /** How long keys pass after the last answer of Redis, in milliseconds. */
  readonly graceMs: number
  /** Is told what has changed. */
  readonly onChange?: (changes: Changes) => void
  /** Whether that is of interest: to compare two long lists takes a while. */
  readonly isHeard?: () => boolean
}

interface Loading {
  readonly connection: Connection
  readonly snapshot: Snapshot
}

/** The list of keys in memory, and what keeps it as it is in Redis. */
export class Feed {
  readonly #options: FeedOptions
  #log: KeyStoreLog | undefined
  #snapshot = new Snapshot()
  /** Lists that are being read. */
  readonly #loading = new Set<Loading>()
  /** Whether two lists are being compared: what is changed meanwhile is told afterwards. */
  #comparing = false
  #connection: Connection | undefined
  /** What is wrong, while the list may be out of date. */
  #fault: Error | undefined
  /** When Redis last confirmed the list, on the clock of `performance.now()`. */
  #confirmedAt = -Infinity
  #closing = new AbortController()
  #following: Promise<void> | undefined

  constructor (options: FeedOptions) {
    this.#options = options
  }

  get size (): number { return this.#snapshot.keys.size }

  /** Tells whether the list in memory has a key of an id. */
  has (id: string): boolean {
    return this.#snapshot.keys.has(id)
  }

  get isOpen (): boolean { return this.#following !== undefined }

  /**
   * Reads the list, and follows its changes from then on.
   *
   * @param log - told when the feed is lost and when it is back
   * @throws `FST_DBGPT_AUTH_REDIS`, `FST_DBGPT_AUTH_REDIS_EMPTY` or `FST_DBGPT_AUTH_REDIS_CLIENT`
   */
  async open (log?: KeyStoreLog): Promise<void> {
    this.#log = log
    await this.#read(CONNECT_MS)
    this.#following = this.#follow()
  }

  async close (): Promise<void> {
    this.#closing.abort()
    this.#connection?.close()
    for (const { connection } of this.#loading) connection.close()
    await this.#following
    this.#following = undefined
    this.#closing = new AbortController()
  }

  /**
   * Looks a key up, at once.
   *
   * @throws `FST_DBGPT_AUTH_REDIS_FEED_LOST` where the list may be out of date and its answer wrong, and
   * `FST_DBGPT_AUTH_REDIS_UNREADABLE` for a record that cannot be read
   */
  find (digest: string): ApiKey | undefined {
    const key = this.#snapshot.keys.find(digest)
    // By the clock, too: this process may have been stopped, and be served requests before its timers.
    const age = performance.now() - this.#confirmedAt
    if (this.#isSure(age)) {
      if (key === undefined && this.#snapshot.keys.isUnreadable(digest)) throw new FST_DBGPT_AUTH_REDIS_UNREADABLE()
      return key
    }
    if (key !== undefined && age < this.#options.graceMs) return key
    throw new FST_DBGPT_AUTH_REDIS_FEED_LOST({ cause: this.#fault })
  }

  /** Tells whether the list is that of Redis, and when that was last known. */
  status (): KeyStoreStatus {
    const ageMs = performance.now() - this.#confirmedAt
    return { up: this.isOpen && this.#isSure(ageMs), ageMs }
  }

  /**
   * Returns the records: those in memory if the feed is open.
   *
   * @throws as {@link Feed.open}
   */
  async list (): Promise<ApiKey[]> {
    if (this.isOpen) return this.#snapshot.keys.list()
    const { connection, snapshot } = await this.#load(CONNECT_MS, (id, error) => this.#tell(id, error))
    connection.close()
    return snapshot.keys.list()
  }

  /** Makes a change that Redis has confirmed to this process, without waiting for the feed to bring it. */
  apply (position: string, id: string, record: ApiKey | undefined, actor?: string): void {
    this.#snapshot.apply(position, id, record, actor)
    for (const { snapshot } of this.#loading) snapshot.apply(position, id, record, actor)
    if (!this.#comparing) this.#options.onChange?.(this.#snapshot.keys.takeChanges())
  }

  /** Reads the list, and puts it in force. */
  async #read (connectMs: number): Promise<void> {
    const { signal } = this.#closing
    const unreadable = new Map<string, Error>()
    const { connection, snapshot: next } = await this.#load(connectMs, (id, error) => unreadable.set(id, error))
    this.#connection = connection
    if (signal.aborted) connection.close()
    connection.assertOpen()
    const before = this.#snapshot
    // Not again for each attempt, nor for each return of Redis.
    for (const [id, error] of unreadable) if (!before.keys.isUnreadable(id)) this.#tell(id, error)
    this.#confirm(next)
    if (!this.isOpen || this.#options.isHeard?.() !== true) return
    this.#comparing = true
    const changes = await next.keys.changesSince(before.keys).finally(() => { this.#comparing = false })
    this.#options.onChange?.(changes)
  }

  /** Reads the list over a connection of its own. */
  async #load (connectMs: number, onUnreadable: Source['onUnreadable']): Promise<Loading> {
    const { signal } = this.#closing
    const connection = new Connection(await this.#options.createClient(), this.isOpen)
    const loading = { connection, snapshot: new Snapshot() }
    this.#loading.add(loading)
    if (signal.aborted) connection.close()
    try {
      await connection.connect(connectMs)
      await loading.snapshot.load(this.#source(connection, onUnreadable))
    } catch (error) {
      connection.close()
      throw error
    } finally {
      this.#loading.delete(loading)
    }
    return loading
  }

  #isSure (age: number): boolean {
    return this.#fault === undefined && age <= HEARTBEAT_MS + OVERDUE_MS
  }

  #confirm (snapshot: Snapshot): void {
    this.#snapshot = snapshot
    this.#fault = undefined
    this.#confirmedAt = performance.now()
  }

  #source (connection: Connection, onUnreadable: Source['onUnreadable']): Source {
    return { connection, layout: this.#options.layout, onUnreadable }
  }

  #tell (id: string, err: Error): void {
    this.#log?.error({ code: 'key_unreadable', err, keyId: ID.test(id) ? id : null }, 'A key cannot be read: it is answered 503')
  }

  async #follow (): Promise<void> {
    while (!this.#closing.signal.aborted) {
      try {
        const snapshot = this.#snapshot
        const source = this.#source(this.#connection as Connection, (id, error) => this.#tell(id, error))
        await snapshot.advance(source, HEARTBEAT_MS)
        this.#confirm(snapshot)
        this.#options.onChange?.(snapshot.keys.takeChanges())
      } catch (error) {
        await this.#recover(error as Error)
      }
    }
  }

  /** Goes on with the old list until there is a new one; connects anew, whatever the fault was. */
  async #recover (fault: Error): Promise<void> {
    this.#connection?.close()
    this.#options.onChange?.(this.#snapshot.keys.takeChanges())
    const since = performance.now()
    let told: string[] = []
    for (let attempt = 0; !this.#closing.signal.aborted; attempt++) {
      this.#fault = fault
      // Another reason is news: that Redis is back, but empty, or with another password.
      const reason = fault.message.replace(DETAILS, '')
      if (!told.includes(reason)) {
        this.#log?.error({ err: fault }, 'The key feed is lost')
        told = [reason, ...told].slice(0, REASONS)
      }
      try {
        await this.#rest(attempt)
        await this.#read(RECONNECT_MS)
        const ms = Math.round(performance.now() - since)
        this.#log?.info({ keys: this.size, ms }, `The key feed is back after ${ms} ms`)
        return
      } catch (error) {
        fault = error as Error
      }
    }
  }

  /** Pauses, for a random time, so that a fleet does not come back all at once. */
  async #rest (attempt: number): Promise<void> {
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt)
    await pause(longest * (0.5 + Math.random() / 2), undefined, { signal: this.#closing.signal })
  }
}
