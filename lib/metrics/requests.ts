import type { Counter } from 'prom-client'
import { buildAnswers } from '../guard/answer.ts'
import type { ApiKey, ApiKeyChanges, ApiKeyEvent } from '../types.ts'

const REASONS = Object.keys(buildAnswers('', ''))
const [LABELS, KEY_LABELS] = [['result', 'reason'], ['key', 'name']]

/** The requests of one key, or of all those that have no series of their own. */
interface Series {
  readonly labels: Readonly<Record<string, string>>
  /** How many there were since the last look, by reason; accepted ones have none. */
  readonly counts: Map<string, number>
}

/** Counts requests, and hands them to a counter when somebody looks: counting itself must cost nothing. */
export class Requests {
  readonly #maxKeys: number
  readonly #unnamed: Series
  readonly #other: Series
  /** By the ids of their keys. */
  readonly #keys = new Map<string, Series>()

  /** @param maxKeys - how many keys are told apart; 0, none */
  constructor (maxKeys: number) {
    this.#maxKeys = maxKeys
    const [unnamed, other] = maxKeys === 0 ? [{}, {}] : [{ key: '', name: '' }, { key: 'other', name: '' }]
    // From the start, so that the first of a kind is an increase.
    this.#unnamed = { labels: unnamed, counts: new Map(['', ...REASONS].map(reason => [reason, 0])) }
    this.#other = { labels: other, counts: new Map() }
  }

  /** The labels of the counter. */
  get labelNames (): readonly string[] {
    return this.#maxKeys === 0 ? LABELS : [...LABELS, ...KEY_LABELS]
  }

  count ({ apiKey, reason }: ApiKeyEvent): void {
    const { counts } = this.#maxKeys === 0 || apiKey === null ? this.#unnamed : this.#seriesOf(apiKey)
    counts.set(reason ?? '', (counts.get(reason ?? '') ?? 0) + 1)
  }

  /** Hands over what was counted since the last time. */
  flush (counter: Counter): void {
    for (const { labels, counts } of [this.#unnamed, this.#other, ...this.#keys.values()]) {
      for (const [reason, count] of counts) {
        counter.inc(labelsOf(labels, reason), count)
        counts.set(reason, 0)
      }
    }
  }

  /** Takes keys out of a counter that are there no more, or have another name. */
  follow ({ changed, revoked }: Pick<ApiKeyChanges, 'changed' | 'revoked'>, counter: Counter): void {
    const renamed = changed.filter(({ id, name }) => this.#keys.get(id)?.labels.name !== (name ?? ''))
    for (const { id } of [...renamed, ...revoked]) {
      const { labels, counts } = this.#keys.get(id) ?? this.#other
      if (!this.#keys.delete(id)) continue
      for (const reason of counts.keys()) counter.remove(labelsOf(labels, reason))
    }
  }

  #seriesOf ({ id, name }: ApiKey): Series {
    let series = this.#keys.get(id)
    if (series === undefined) {
      if (this.#keys.size >= this.#maxKeys) return this.#other
      series = { labels: { key: id, name: name ?? '' }, counts: new Map() }
      this.#keys.set(id, series)
    }
    return series
  }
}

function labelsOf (labels: Series['labels'], reason: string): Record<string, string> {
  return { result: reason === '' ? 'accepted' : 'rejected', reason, ...labels }
}
