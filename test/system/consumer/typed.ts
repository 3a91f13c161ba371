import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import dbgptAuth, { type ApiKey, type DbgptAuthOptions, type KeyStore, type ManagedKeyStore } from 'fastify-dbgpt-auth'
import { transform } from 'fastify-dbgpt-auth/openapi'
import { RedisKeyStore, type RedisKeyStoreOptions } from 'fastify-dbgpt-auth/redis'
import { check, KEY } from './check.cjs'

const options: DbgptAuthOptions = { env: { API_KEYS: KEY }, message: undefined, errorFormat: () => 'openai' }
const app = Fastify()
await app.register(dbgptAuth, options)
const store: KeyStore = app.apiKeys
app.get('/health', { config: { apiKey: false } }, () => store.find(''))
app.get('/me', { onRequest: app.verifyApiKey }, me)
const redis: RedisKeyStoreOptions = { url: 'redis://localhost', prefix: undefined }
const managed: ManagedKeyStore = new RedisKeyStore(redis)
app.addHook('onClose', async () => { await managed.close?.() })
export const describe = transform
await check(app)

function me (request: FastifyRequest, _reply: FastifyReply): string | undefined {
  const apiKey: ApiKey | null = request.apiKey
  return apiKey?.name
}
