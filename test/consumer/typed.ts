import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import dbgptAuth, { type ApiKey, type DbgptAuthOptions, type KeyStore } from 'fastify-dbgpt-auth'
import { check, KEY } from './check.cjs'

const options: DbgptAuthOptions = { env: { API_KEYS: KEY }, message: undefined, errorFormat: () => 'openai' }
const app = Fastify()
await app.register(dbgptAuth, options)
const store: KeyStore = app.apiKeys
app.get('/health', { config: { apiKey: false } }, () => store.find(''))
app.get('/me', { onRequest: app.verifyApiKey }, me)
await check(app)

function me (request: FastifyRequest, _reply: FastifyReply): string | undefined {
  const apiKey: ApiKey | null = request.apiKey
  return apiKey?.name
}
