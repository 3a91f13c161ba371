import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'
import { type Answer, Client, type Kind } from './client.ts'
import { makeKey } from './keys.ts'
import { until } from './until.ts'

/** When a fault began, was noticed by all servers, began to be repaired, and was over for all of them. */
export interface Outage {
  readonly from: number
  readonly noticed: number
  readonly repaired: number
  readonly back: number
}

/** Three clients for each of some servers. */
export class Load {
  readonly #clients: readonly Client[]

  /**
   * Starts the clients.
   *
   * @param t - the test, with which they stop
   * @param urls - the servers
   * @param pick - picks keys
   */
  constructor (t: Test, urls: readonly string[], pick: Readonly<Record<'good' | 'revoked', () => string | undefined>>) {
    const picks = Object.entries({ ...pick, unknown: makeKey })
    this.#clients = urls.flatMap(url => picks.map(([kind, pick]) => new Client(t, url, kind as Kind, pick)))
  }

  /** Stops the clients; throws if one could not go on. */
  async stop (): Promise<void> {
    await Promise.all(this.#clients.map(async client => await client.stop()))
  }

  /** Waits until every client has so many more answers. */
  async more (count: number): Promise<void> {
    const lengths = this.#clients.map(({ answers }) => answers.length)
    await until(() => this.#clients.every(({ answers }, index) => answers.length >= (lengths[index] as number) + count), 30)
  }

  /** Waits until no server answers a kind otherwise any more. */
  async hears (kind: Kind, status: number): Promise<void> {
    const asked = performance.now()
    await until(() => this.#of(kind).every(({ answers }) => {
      const last = answers.at(-1)
      return last !== undefined && last.sentAt > asked && last.status === status
    }), 20)
  }

  /**
   * Makes a fault, waits until all servers have noticed it, repairs it, and waits until all of them are back.
   *
   * @param fault - makes it
   * @param repair - repairs it
   * @param ms - how long it lasts at least
   */
  async outage (fault: () => unknown, repair: () => unknown, ms = 0): Promise<Outage> {
    const from = performance.now()
    await fault()
    await this.hears('unknown', 503)
    const noticed = performance.now()
    await this.more(20)
    await pause(ms - (performance.now() - from))
    const repaired = performance.now()
    await repair()
    await this.hears('unknown', 401)
    const back = performance.now()
    await this.more(20)
    return { from, noticed, repaired, back }
  }

  /** Says how often which kind of key was answered how. */
  counts (): string {
    const counts: Partial<Record<Kind, Record<number, number>>> = {}
    for (const { kind, answers } of this.#clients) {
      const ofKind = counts[kind] ??= {}
      for (const { status } of answers) ofKind[status] = (ofKind[status] ?? 0) + 1
    }
    return JSON.stringify(counts)
  }

  /** Returns the first answers that should have been others, if the list was lost so often. */
  wrong (outages: readonly Outage[]): object[] {
    const all = this.#clients.flatMap(({ kind, answers }) => answers.map(answer => ({ kind, ...answer })))
    return all.filter(({ kind, ...answer }) => !mayBe(kind, answer, outages)).slice(0, 20)
  }

  /** Returns how often the answers of each client to keys that are not in the list changed from 401 to 503. */
  losses (): number[] {
    const isLoss = ({ status }: Answer, index: number, answers: Answer[]): boolean =>
      status === 503 && answers[index - 1]?.status === 401
    return this.#clients.filter(({ kind }) => kind !== 'good').map(({ answers }) => answers.filter(isLoss).length)
  }

  #of (kind: Kind): readonly Client[] {
    return this.#clients.filter(client => client.kind === kind)
  }
}

/** Only while a fault is being noticed, or repaired, may the answer to a key that is not in the list be one or the other. */
function mayBe (kind: Kind, { status, sentAt, at }: Answer, outages: readonly Outage[]): boolean {
  if (kind === 'good') return status === 200
  if (outages.every(({ from, back }) => at < from || sentAt > back)) return status === 401
  if (outages.some(({ noticed, repaired }) => sentAt > noticed && at < repaired)) return status === 503
  return status === 401 || status === 503
}
