import Fastify, { type FastifyInstance } from 'fastify'
import { apiKeyMetrics } from 'fastify-dbgpt-auth/metrics'
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Settings } from './settings.ts'

/** How many connections it takes: they must not use up what the gateway's own need. */
const CONNECTIONS = 32

/**
 * Serves metrics on a port of their own, where one is set: they are for those who run the gateway, and ask for no key.
 *
 * @param app - the gateway, not ready yet
 * @returns what serves them
 */
export async function serveMetrics (app: FastifyInstance, settings: Settings): Promise<FastifyInstance | undefined> {
  const { METRICS_HOST: host, METRICS_PORT: port, METRICS_PER_KEY: perKey } = settings
  if (port === undefined) return undefined
  const register = new Registry()
  collectDefaultMetrics({ register })
  await app.register(apiKeyMetrics, { register, perKey: perKey === 'on' })
  // Who scrapes keeps the connection, which must not hold the end.
  const server = Fastify({ forceCloseConnections: true })
  server.server.maxConnections = CONNECTIONS
  server.get('/metrics', async (_request, reply) => await reply.type(register.contentType).send(await register.metrics()))
  await server.listen({ host, port })
  return server
}
