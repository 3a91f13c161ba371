import { FST_DBGPT_AUTH_OPTION } from '../errors.ts'
import type { ApiKeyUsage, KeyStoreLog } from '../types.ts'
import { addTallies, type Tallies, type Tally } from './tally.ts'

/** How often what was counted is written, in milliseconds, and how long closing waits for that. */
const USAGE_INTERVAL_MS = 60_000
const CLOSE_MS = 2000
/** How long what is of no key is kept where it is written: others may know a key before this process, in milliseconds. */
export const UNLISTED_MS = 86_400_000
/** The longest time that a timer can be set to. */
const MOST_MS = 2 ** 31 - 1

/** Where usage is kept, and added up by all who write to it. */
export interface UsagePlace {
  /** Reads what is known of some keys. */
  read (ids: readonly string[]): Promise<Tallies>
  /** Adds to what is there. What failed is tried again, with the same tallies, though it may have been done. */
  add (tallies: Tallies, log: KeyStoreLog | undefined): Promise<void>
}

/** Counts in memory how often keys are accepted, and has that written from time to time. */
export class Usage {
  readonly #isListed: (id: string) => boolean
  readonly #place: UsagePlace | undefined
  readonly #intervalMs: number
  /** When it is time to write: at a part of its own of each interval, so that a fleet does not write all at once. */
  #next: number
  #tallies = new Map<string, Tally>()
  /** What is being written, or was perhaps not. */
  #unconfirmed: Tallies | undefined
  #timer: NodeJS.Timeout | undefined
  /** Reading and writing come one after the other: else what is under way would be missed, or be counted twice. */
  #last: Promise<unknown> = Promise.resolve()
  #log: KeyStoreLog | undefined
  #fault: string | undefined
  #closed = false

  /**
   * @param isListed - tells whether there is a key of an id: what is of none is dropped
   * @param place - undefined, it is kept in memory alone
   * @param intervalMs - how often it is written
   * @throws `FST_DBGPT_AUTH_OPTION`
   */
  constructor (isListed: (id: string) => boolean, place?: UsagePlace, intervalMs = USAGE_INTERVAL_MS) {
    if (typeof intervalMs !== 'number' || !(intervalMs >= 1 && intervalMs <= MOST_MS)) {
      throw new FST_DBGPT_AUTH_OPTION('usageIntervalMs', `a number of milliseconds, 1 to ${MOST_MS}`)
    }
    this.#isListed = isListed
    this.#place = place
    this.#intervalMs = intervalMs
    this.#next = performance.now() + Math.random() * intervalMs
  }

  /** @param log - told when usage cannot be written, and when it can again */
  open (log?: KeyStoreLog): void {
    this.#log = log
    this.#closed = false
    // What was counted while it was closed, or could not be written then.
    this.#arm()
  }

  /** Writes what is left, and waits for that, but no longer than 2 seconds. */
  async close (): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#timer = undefined
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, CLOSE_MS)
      this.write().finally(() => clearTimeout(timer)).then(resolve)
    })
    const isLate = this.#unconfirmed !== undefined && this.#fault === undefined
    if (isLate) this.#log?.warn('The last uses of API keys are perhaps not written: that took too long')
  }

  /** Counts a use of a key, at once. */
  count (id: string): void {
    const tally = this.#tallies.get(id)
    if (tally === undefined) {
      this.#tallies.set(id, { count: 1, lastUsedAt: Date.now() })
      this.#arm()
    } else {
      tally.count++
      tally.lastUsedAt = Date.now()
    }
  }

  /** Returns what is known of some keys: what is written, and what was counted here since. */
  async read (ids: readonly string[]): Promise<ReadonlyMap<string, ApiKeyUsage>> {
    return await this.#inTurn(async () => {
      const stored = await this.#place?.read(ids)
      const usage = new Map<string, ApiKeyUsage>()
      for (const id of ids) {
        const tally = [this.#unconfirmed?.get(id), this.#tallies.get(id)].reduce(addTallies, stored?.get(id))
        if (tally !== undefined) usage.set(id, { count: tally.count, lastUsedAt: new Date(tally.lastUsedAt) })
      }
      return usage
    })
  }

  /** Writes what was counted since the last time; what could not be written then, first. Does not reject. */
  async write (): Promise<void> {
    await this.#inTurn(async () => {
      for (const id of this.#tallies.keys()) if (!this.#isListed(id)) this.#tallies.delete(id)
      if (this.#place === undefined || !await this.#writeNext(this.#place)) return
      await this.#writeNext(this.#place)
    })
    this.#arm()
  }

  /** Writes one batch, and tells whether that was one of before. */
  async #writeNext (place: UsagePlace): Promise<boolean> {
    const isOld = this.#unconfirmed !== undefined
    if (!isOld) {
      if (this.#tallies.size === 0) return false
      this.#unconfirmed = this.#tallies
      this.#tallies = new Map()
    }
    try {
      await place.add(this.#unconfirmed as Tallies, this.#log)
    } catch (err) {
      const { message } = err as Error
      if (message !== this.#fault) this.#log?.warn({ err }, 'API key usage cannot be written: it is counted in memory until it can')
      this.#fault = message
      return false
    }
    this.#unconfirmed = undefined
    if (this.#fault !== undefined) this.#log?.info('API key usage is written again')
    this.#fault = undefined
    return isOld
  }

  async #inTurn<T> (work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => {})
    return await turn
  }

  /** Sees to it that what is not written will be. */
  #arm (): void {
    if (this.#closed || (this.#unconfirmed === undefined && this.#tallies.size === 0)) return
    const late = performance.now() - this.#next
    if (late >= 0) this.#next += this.#intervalMs * (Math.floor(late / this.#intervalMs) + 1)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      // A timer may be a little early: not twice for that.
      this.#next += this.#intervalMs
      this.write()
    }, this.#next - performance.now()).unref()
  }
}
