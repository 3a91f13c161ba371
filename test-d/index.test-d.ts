// Checked by tsc and never run.
import auth from '@fastify/auth'
import Fastify, {
  type FastifyInstance, type FastifyPluginAsync, type FastifyTypeProvider, type onRequestHookHandler
} from 'fastify'
import dbgptAuth, {
  type ApiKey, type ApiKeyHistoryEntry, type ApiKeyUsage, createApiKey, dbgptAuth as named, type DbgptAuthOptions,
  FileKeyStore, type KeyStore, type ManagedKeyStore, MemoryKeyStore, type RouteScopes, type VerificationError,
  type VerifyApiKey
} from 'fastify-dbgpt-auth'
import * as namespace from 'fastify-dbgpt-auth'
import { pino } from 'pino'
import { same } from './equals.ts'

// The default and the named export are the same plugin.
same<typeof dbgptAuth, FastifyPluginAsync<DbgptAuthOptions>>()
same<typeof named, typeof dbgptAuth>()

// A plain app: what the plugin adds to Fastify's own types.
const app = Fastify()
await app.register(auth)
await app.register(dbgptAuth)
await app.register(named, { realm: 'private', prefix: '/v1' })
await app.register(dbgptAuth, () => ({ keys: [] }))
declare const options: DbgptAuthOptions
await app.register(dbgptAuth, options)
app.register(import('fastify-dbgpt-auth'), { realm: 'private' })
// What require() returns.
await app.register(namespace)
app.register(namespace, { realm: 'private', prefix: '/v1' }).register(named)
app.register(namespace, () => ({ keys: [] }))
// @ts-expect-error The options are checked.
app.register(namespace, { realm: 1 })
// @ts-expect-error It is this package's module alone that is taken.
app.register({ default: named })
same<typeof app.apiKeys, KeyStore>()
same<typeof app.verifyApiKey, VerifyApiKey>()
app.get('/', request => {
  same<typeof request.apiKey, ApiKey | null>()
  same<NonNullable<typeof request.apiKey>['expiresAt'], Date | undefined>()
  // @ts-expect-error A request may have come without a key.
  return request.apiKey.id
})
app.get('/me', request => {
  // @ts-expect-error A record is read-only.
  if (request.apiKey !== null) request.apiKey.name = 'me'
  // @ts-expect-error So are its scopes.
  request.apiKey?.scopes?.push('flows:write')
  same<NonNullable<typeof request.apiKey>['scopes'], readonly string[] | undefined>()
  return request.apiKey?.name
})

// The route's own config.
app.get('/public', { config: { apiKey: false } }, () => 'open')
app.get('/optional', { config: { apiKey: 'optional' } }, () => 'open')
app.get('/guarded', { config: { apiKey: true } }, () => 'guarded')
app.get('/unset', { config: { apiKey: undefined } }, () => 'guarded')
app.route({ method: 'GET', url: '/route', config: { apiKey: 'optional' }, handler: () => 'open' })
app.addHook('onRoute', route => { route.config = { ...route.config, apiKey: false } })
app.addHook('onRequest', async request => {
  same<typeof request.routeOptions.config.apiKey, boolean | 'optional' | RouteScopes | undefined>()
})
app.get('/scopes', { config: { apiKey: { scopes: ['flows:read', 'flows:write'] } } }, () => 'guarded')
app.get('/frozen', { config: { apiKey: { scopes: Object.freeze(['flows:read']) } } }, () => 'guarded')
// @ts-expect-error There is no such property.
app.get('/scope', { config: { apiKey: { scope: ['flows:read'] } } }, () => 'guarded')
// @ts-expect-error Scopes are a list.
app.get('/text-scopes', { config: { apiKey: { scopes: 'flows:read' } } }, () => 'guarded')
// @ts-expect-error There is no such policy.
app.get('/typo', { config: { apiKey: 'public' } }, () => 'guarded')
// @ts-expect-error There is no such policy.
app.get('/text', { config: { apiKey: 'false' } }, () => 'guarded')
// @ts-expect-error There is no such policy.
app.get('/null', { config: { apiKey: null } }, () => 'guarded')

// The check as a hook, alone, among others and within a handler of one's own.
app.addHook('onRequest', app.verifyApiKey)
app.addHook('preHandler', app.verifyApiKey)
app.addHook('onRequest', (request, reply, done) => app.verifyApiKey(request, reply, done))
app.addHook('onRequest', (request, reply, done) => app.verifyApiKey(request, reply, (error?: Error) => done(error)))
app.addHook('onRequest', (request, reply, done) => {
  app.verifyApiKey(request, reply, error => {
    same<typeof error, VerificationError | undefined>()
    done(error)
  })
})
app.get('/hook', { onRequest: app.verifyApiKey, preHandler: [app.verifyApiKey] }, () => 'guarded')
app.get<{ Params: { id: string } }>('/:id', { onRequest: app.verifyApiKey }, request => request.params.id)
const hook: onRequestHookHandler = app.verifyApiKey
app.addHook('onRequest', hook)
app.get('/auth', { onRequest: app.auth([app.verifyApiKey]) }, () => 'guarded')
app.get('/and', {
  preHandler: app.auth([app.verifyApiKey, (_request, _reply, done) => done()], { relation: 'and' })
}, () => 'guarded')
// @ts-expect-error The check takes the request, the reply and a callback.
app.addHook('onClose', app.verifyApiKey)

// HTTPS.
const https = Fastify({ https: {} })
await https.register(auth)
await https.register(dbgptAuth, { realm: 'private' })
https.addHook('onRequest', https.verifyApiKey)
https.get('/hook', { onRequest: https.verifyApiKey }, request => request.apiKey?.name)
https.get('/auth', { onRequest: https.auth([https.verifyApiKey]) }, () => 'guarded')

// HTTP/2, clear and secure.
const h2c = Fastify({ http2: true })
await h2c.register(auth)
await h2c.register(dbgptAuth)
same<typeof h2c.apiKeys, KeyStore>()
h2c.addHook('onRequest', h2c.verifyApiKey)
h2c.addHook('onRequest', (request, reply, done) => h2c.verifyApiKey(request, reply, done))
h2c.get('/hook', { onRequest: h2c.verifyApiKey, preHandler: [h2c.verifyApiKey] }, request => request.apiKey?.name)
h2c.get('/auth', { onRequest: h2c.auth([h2c.verifyApiKey]), config: { apiKey: 'optional' } }, () => 'guarded')
const h2 = Fastify({ http2: true, https: {} })
await h2.register(auth)
await h2.register(dbgptAuth, { realm: 'private' })
h2.addHook('onRequest', h2.verifyApiKey)
h2.get('/auth', { onRequest: h2.auth([h2.verifyApiKey]) }, () => 'guarded')

// A logger and a type provider of the app's own.
interface Provider extends FastifyTypeProvider { validator: this['schema'], serializer: this['schema'] }
const typed = Fastify({ loggerInstance: pino() }).withTypeProvider<Provider>()
await typed.register(dbgptAuth, { realm: 'private' })
typed.addHook('onRequest', typed.verifyApiKey)
typed.get('/hook', { onRequest: typed.verifyApiKey, schema: { params: {} } }, request => request.apiKey?.name)

// A scope.
export async function scope (fastify: FastifyInstance): Promise<void> {
  await fastify.register(dbgptAuth, { keys: ['a key'] })
}

// The store that the package brings.
const store = new MemoryKeyStore([createApiKey('a key'), createApiKey({ digest: '', name: 'billing' })])
await app.register(dbgptAuth, { keys: store })
export const managed: ManagedKeyStore = store
same<ReturnType<ManagedKeyStore['list']>, Promise<ApiKey[]>>()
same<ReturnType<ManagedKeyStore['usage']>, Promise<ReadonlyMap<string, ApiKeyUsage>>>()
same<ApiKeyUsage['lastUsedAt'], Date>()
// One of the application's own need not know who makes a change.
declare const plain: Pick<ManagedKeyStore, 'find' | 'list' | 'usage'> & {
  add (key: ApiKey): Promise<void>, expire (id: string, at: Date): Promise<boolean>, revoke (id: string): Promise<boolean>
}
export const own: ManagedKeyStore = plain
await managed.revoke('0123456789abcdef', { actor: 'alice' })
// @ts-expect-error There is no such option.
await managed.revoke('0123456789abcdef', { user: 'alice' })
same<ApiKeyHistoryEntry[], Awaited<ReturnType<FileKeyStore['history']>>>()
same<ApiKeyHistoryEntry['at'], Date>()
// @ts-expect-error Of keys in memory there is no history.
store.history()
await store.add(createApiKey('another'))
same<ReturnType<typeof store.find>, ApiKey | undefined>()
// @ts-expect-error The live store may be one that only finds.
await app.apiKeys.add(createApiKey('another'))
