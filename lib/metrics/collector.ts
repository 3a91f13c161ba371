import type { Counter, Gauge, OpenMetricsContentType, PrometheusContentType, Registry } from 'prom-client'
import { FST_DBGPT_AUTH_OPTION } from '../errors.ts'
import { subscribeApiKeys } from '../subscribe.ts'
import type { KeyStore } from '../types.ts'
import type { Client } from './client.ts'
import { Requests } from './requests.ts'

/** A registry of `prom-client`, whichever format it writes. */
export type MetricsRegistry = Registry<PrometheusContentType> | Registry<OpenMetricsContentType>

const REQUESTS = 'dbgpt_auth_requests_total'
const SUM = (values: readonly number[]): number => values.reduce((sum, value) => sum + value)

/** What is read of the key stores at each look: of several, in one number; aggregators are for `cluster`. */
const GAUGES = [
  {
    name: 'dbgpt_auth_keys',
    help: 'Keys that the key store holds, expired ones included.',
    aggregator: 'max',
    read: ({ size }: KeyStore) => size,
    combine: SUM
  },
  {
    name: 'dbgpt_auth_store_up',
    help: 'Whether the list of keys is known to be that of its file or Redis: 1 or 0, where keys may still pass for a while.',
    aggregator: 'min',
    read: (store: KeyStore) => Number(store.status?.().up),
    combine: (values: readonly number[]) => Math.min(...values)
  },
  {
    name: 'dbgpt_auth_store_last_confirmed_seconds',
    help: 'How long ago the file or Redis last confirmed the list of keys, in seconds.',
    aggregator: 'max',
    read: (store: KeyStore) => Number(store.status?.().ageMs) / 1000,
    combine: (values: readonly number[]) => Math.max(...values)
  }
] as const

/** What is counted for each registry. */
const collectors = new WeakMap<MetricsRegistry, Collector>()

/**
 * Counts requests, and looks at key stores, for a registry, which several apps may share.
 */
export class Collector {
  readonly #register: MetricsRegistry
  readonly #maxKeys: number
  readonly #requests: Requests
  readonly #counter: Counter
  readonly #gauges: readonly Gauge[]
  readonly #stores: KeyStore[] = []
  #unsubscribe: readonly (() => void)[] = []

  /**
   * Returns the collector of a registry, a new one if there is none.
   *
   * @param maxKeys - how many keys are told apart; 0, none
   * @throws `FST_DBGPT_AUTH_OPTION` if another app has asked for another number of keys
   */
  static of (client: Client, register: MetricsRegistry, maxKeys: number): Collector {
    let collector = collectors.get(register)
    // A registry may have been cleared since.
    if (collector === undefined || !collector.#isThere(collector.#counter, REQUESTS)) {
      collector = new Collector(client, register, maxKeys)
      collectors.set(register, collector)
    }
    if (collector.#maxKeys !== maxKeys) throw new FST_DBGPT_AUTH_OPTION('perKey', 'the same in all apps that share a registry')
    return collector
  }

  private constructor ({ Counter, Gauge }: Client, register: MetricsRegistry, maxKeys: number) {
    const requests = new Requests(maxKeys)
    const stores = this.#stores
    const registers = [register]
    this.#register = register
    this.#maxKeys = maxKeys
    this.#requests = requests
    this.#counter = new Counter({
      name: REQUESTS,
      help: 'Requests that the check of API keys has decided about.',
      labelNames: requests.labelNames,
      registers,
      collect () { requests.flush(this) }
    })
    this.#gauges = GAUGES.map(({ read, combine, ...config }) => new Gauge({
      ...config,
      registers,
      collect () {
        // A store of the app's own need not tell. What is no number would fail, and all other metrics with it.
        const values = [...new Set(stores)].map(read).filter(value => typeof value === 'number' && !Number.isNaN(value))
        if (values.length === 0) this.remove()
        else this.set(combine(values as number[]))
      }
    }))
  }

  /**
   * Takes in the key store of an app.
   *
   * @returns takes it out again; with the last one, the metrics leave the registry
   */
  join (store: KeyStore): () => void {
    if (this.#stores.push(store) === 1) {
      const count = this.#requests.count.bind(this.#requests)
      this.#unsubscribe = [subscribeApiKeys('accepted', count), subscribeApiKeys('rejected', count)]
    }
    const end = store.onChange?.(changes => { this.#requests.follow(changes, this.#counter) })
    return () => {
      end?.()
      this.#stores.splice(this.#stores.indexOf(store), 1)
      if (this.#stores.length === 0) this.#end()
    }
  }

  #end (): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    // By the names that they were registered under: prom-client changes them for OpenMetrics.
    const names = [REQUESTS, ...GAUGES.map(({ name }) => name)]
    for (const [index, metric] of [this.#counter, ...this.#gauges].entries()) {
      const name = names[index] as string
      if (this.#isThere(metric, name)) this.#register.removeSingleMetric(name)
    }
  }

  #isThere (metric: Counter | Gauge, name: string): boolean {
    return this.#register.getSingleMetric(name) === metric
  }
}
