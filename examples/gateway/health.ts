import { hash, randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'

/**
 * Adds what an orchestrator asks for: whether the process lives, and whether it can serve.
 *
 * @param app - a scope of the gateway whose routes are public
 */
export async function healthRoutes (app: FastifyInstance): Promise<void> {
  // Nobody has this key: looking it up tells whether keys can be looked up.
  const nobody = hash('sha256', randomBytes(32).toString('hex'), 'hex')
  app.addHook('onSend', async (_request, reply) => { reply.header('cache-control', 'no-store') })

  app.get('/health', async () => ({ status: 'ok' }))

  app.get('/ready', async (_request, reply) => {
    if (app.isClosing()) return reply.code(503).send({ status: 'closing' })
    try {
      await app.apiKeys.find(nobody)
    } catch {
      return reply.code(503).send({ status: 'keys cannot be checked' })
    }
    return { status: 'ok' }
  })
}
