import fastifyEnv from '@fastify/env'
import Fastify, { type FastifyInstance, LogController } from 'fastify'
import dbgptAuth from 'fastify-dbgpt-auth'
import { dbgptRoutes } from '../../gateway/lib/upstream/dbgpt.ts'
import { openaiRoutes } from '../../gateway/lib/upstream/openai.ts'

/** The server's own variables; it reads them beside the guard, which reads its own. */
export interface Settings {
  readonly HOST: string
  readonly PORT: number
  readonly API_AUTH: string
  readonly API_KEYS_FILE: string
  readonly API_KEYS_REDIS_URL: string
}

const settingsSchema = {
  type: 'object',
  properties: {
    HOST: { type: 'string', minLength: 1, default: '127.0.0.1' },
    PORT: { type: 'integer', minimum: 0, maximum: 65535, default: 3000 },
    // To say why authentication is on or off; the guard checks them.
    API_AUTH: { type: 'string', default: 'auto' },
    API_KEYS_FILE: { type: 'string', default: '' },
    API_KEYS_REDIS_URL: { type: 'string', default: '' }
  }
}

/** Builds the server: a small API shaped like DB-GPT's and OpenAI's, guarded as the environment says. */
export function buildApp (): FastifyInstance {
  const app = Fastify({
    logger: { level: 'warn', stream: process.stderr },
    logController: new LogController({ disableRequestLogging: true }),
    // An open stream would hold the end up. Cut off, its client can tell that the answer is not whole.
    forceCloseConnections: true
  })
  app.register(fastifyEnv, { schema: settingsSchema, dotenv: true })
  // Each client is refused in the words that it understands.
  app.register(dbgptAuth, {
    errorFormat: (_rejection, request) => request.url.startsWith('/api/') ? 'dbgpt' : 'openai'
  })
  app.get('/health', { config: { apiKey: false } }, async () => ({ status: 'ok' }))
  app.register(dbgptRoutes, { prefix: '/api/v2/serve/awel' })
  app.register(openaiRoutes, { prefix: '/v1' })
  return app
}
