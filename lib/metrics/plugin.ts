import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { FST_DBGPT_AUTH_OPTION } from '../errors.ts'
import type { KeyStore } from '../types.ts'
import { loadClient } from './client.ts'
import { Collector, type MetricsRegistry } from './collector.ts'

export type { MetricsRegistry } from './collector.ts'

/** How many keys are told apart, unless it is told. */
const MAX_KEYS = 1000

/** Where metrics go, and how fine they are. */
export interface ApiKeyMetricsOptions {
  /**
   * The registry of `prom-client` that serves them.
   * @defaultValue the global one
   */
  readonly register?: MetricsRegistry | undefined
  /**
   * Whether requests are counted by key, in the labels `key` (its id) and `name`; and for how many keys, 1 to 100,000
   * (1000 if it is not told): the requests of all others are those of the key `other`.
   * @defaultValue `false`
   */
  readonly perKey?: boolean | { readonly max: number } | undefined
}

const plugin: FastifyPluginAsync<ApiKeyMetricsOptions> = async (fastify, { register, perKey = false }) => {
  const maxKeys = maxKeysOf(perKey)
  const client = await loadClient()
  const leave = Collector.of(client, register ?? client.register, maxKeys).join(fastify.apiKeys as KeyStore)
  fastify.addHook('onClose', async () => { leave() })
}

function maxKeysOf (perKey: boolean | { readonly max: number }): number {
  if (typeof perKey === 'boolean') return perKey ? MAX_KEYS : 0
  const { max } = Object(perKey) as { max: unknown }
  if (Number.isInteger(max) && Number(max) >= 1 && Number(max) <= 100_000) return Number(max)
  throw new FST_DBGPT_AUTH_OPTION('perKey', 'true, false or { max: 1 to 100000 }')
}

/**
 * Adds metrics of the checks of API keys, of all apps of the process, to a registry of `prom-client`. Registered after
 * the guard, on the same scope.
 *
 * @example
 * await app.register(dbgptAuth)
 * await app.register(apiKeyMetrics)
 */
export const apiKeyMetrics: FastifyPluginAsync<ApiKeyMetricsOptions> = fp(plugin, {
  fastify: '>=5.3.0 <6', name: 'fastify-dbgpt-auth-metrics', dependencies: ['fastify-dbgpt-auth']
})

export default apiKeyMetrics
