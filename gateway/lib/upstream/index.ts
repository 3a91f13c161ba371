import Fastify, { type FastifyInstance } from 'fastify'
import { dbgptRoutes } from './dbgpt.ts'
import { openaiRoutes } from './openai.ts'
import { flowsPage } from './page.ts'

/** Starts a small stand-in for DB-GPT on this machine: its flows page, which knows nothing of keys, and its API. */
export async function startUpstream (): Promise<FastifyInstance> {
  const app = Fastify({ forceCloseConnections: true })
  for (const url of ['/', '/flows']) {
    app.get(url, async (_request, reply) => reply.type('text/html; charset=utf-8').send(flowsPage))
  }
  await app.register(dbgptRoutes, { prefix: '/api/v2/serve/awel' })
  await app.register(openaiRoutes, { prefix: '/v1' })
  await app.register(openaiRoutes, { prefix: '/api/v2' })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return app
}
