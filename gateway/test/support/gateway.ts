import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { buildGateway, type GatewayOptions } from '../../lib/app.ts'
import type { Settings } from '../../lib/settings.ts'
import { startUpstream } from '../../lib/upstream/index.ts'
import { createApiKey, MemoryKeyStore } from 'fastify-dbgpt-auth'
import { KEY } from '../../../test/support/app.ts'

export const SETTINGS: Settings = {
  HOST: '127.0.0.1',
  PORT: 0,
  DBGPT_URL: '',
  DBGPT_API_KEY: '',
  DBGPT_USERS: 'on',
  GATEWAY_BADGE: 'on',
  API_AUTH_EXPLAIN: 'on',
  SESSION_SECRET: 'a secret of the tests, of more than 32 characters',
  TRUST_PROXY: '',
  DRAIN_SECONDS: 0,
  API_KEYS_REDIS_URL: '',
  NODE_ENV: 'test',
  CORS_ORIGINS: '',
  KEY_HEADER: '',
  METRICS_HOST: '127.0.0.1',
  METRICS_PER_KEY: 'off'
}

export interface Gateway {
  readonly app: FastifyInstance
  /** Where it listens. */
  readonly url: string
  /** Its keys: the key of the tests, by the name of `Zhāng 三`. */
  readonly store: MemoryKeyStore
}

/**
 * Starts a gateway in this process, in front of the stand-in or of what the options name.
 *
 * @param t - the test, with which it ends
 * @param options - what is to be different
 */
export async function startGateway (
  t: Test, { settings, ...options }: Partial<Omit<GatewayOptions, 'settings'>> & { settings?: Partial<Settings> } = {}
): Promise<Gateway> {
  const store = new MemoryKeyStore([createApiKey({ key: KEY, name: 'Zhāng 三' })])
  let { upstream } = options
  if (upstream === undefined) {
    const standIn = await startUpstream()
    t.teardown(async () => await standIn.close())
    upstream = standIn.listeningOrigin
  }
  const app = await buildGateway({
    auth: { keys: store, env: {}, logLevel: 'silent' }, closeGraceMs: 50, ...options, upstream, settings: { ...SETTINGS, ...settings }
  })
  t.teardown(async () => await app.close())
  const url = await app.listen({ host: '127.0.0.1', port: settings?.PORT ?? 0 })
  return { app, url, store }
}
