import { hash, randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { ApiKey, KeyStore } from 'fastify-dbgpt-auth'

/** Nobody has this key, and nobody this session: looking them up tells whether anything can be looked up. */
const NOBODY = hash('sha256', randomBytes(32).toString('hex'), 'hex')

/**
 * Adds what an orchestrator asks for: whether the process lives, and whether it can serve.
 *
 * @param app - a scope of the gateway whose routes are public
 */
export async function healthRoutes (app: FastifyInstance): Promise<void> {
  app.addHook('onSend', async (_request, reply) => { reply.header('cache-control', 'no-store') })

  app.get('/health', async () => ({ status: 'ok' }))

  app.get('/ready', async (_request, reply) => {
    const fault = app.isClosing()
      ? 'closing'
      : await works(keysAreKnown(app.apiKeys), 'keys cannot be checked') ?? await works(app.sessions.find(NOBODY), 'sessions cannot be read')
    return reply.code(fault === undefined ? 200 : 503).send({ status: fault ?? 'ok' })
  })
}

/** Resolves with what is wrong, if something is rejected. */
async function works (answer: Promise<unknown>, fault: string): Promise<string | undefined> {
  return await answer.then(() => undefined, () => fault)
}

/** A store that is lost for a while still lets in whom it knows: then there is no reason to send them elsewhere. */
async function keysAreKnown (store: KeyStore & { list? (): Promise<ApiKey[]> }): Promise<void> {
  try {
    await store.find(NOBODY)
  } catch (error) {
    const [known] = await store.list?.() ?? []
    if (known === undefined) throw error
    await store.find(known.digest)
  }
}
