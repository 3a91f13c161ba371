// Checked by tsc and never run.
import type { FastifyPluginAsyncTypebox, FastifyPluginCallbackTypebox, TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type RawReplyDefaultExpression, type RawRequestDefaultExpression, type RawServerDefault } from 'fastify'
import dbgptAuth, { type ApiKey, type KeyStore, type RouteScopes, type VerifyApiKey } from 'fastify-dbgpt-auth'
import type { FastifyPluginAsyncZod, FastifyPluginCallbackZod, ZodTypeProvider } from 'fastify-type-provider-zod'
import { Type } from 'typebox'
import { z } from 'zod'
import { same } from './equals.ts'

type With<Provider extends TypeBoxTypeProvider | ZodTypeProvider> = FastifyInstance<
  RawServerDefault, RawRequestDefaultExpression, RawReplyDefaultExpression, FastifyBaseLogger, Provider
>

// TypeBox: what the plugin adds keeps its types, and so does what the schema says.
const box = { schema: { querystring: Type.Object({ limit: Type.Number() }) } }
async function typeBox (app: With<TypeBoxTypeProvider>): Promise<void> {
  await app.register(dbgptAuth, { realm: 'private' })
  same<typeof app.apiKeys, KeyStore>()
  same<typeof app.verifyApiKey, VerifyApiKey>()
  app.addHook('onRequest', app.verifyApiKey)
  app.addHook('preHandler', (request, reply, done) => app.verifyApiKey(request, reply, done))
  app.addHook('onRequest', async request => {
    same<typeof request.apiKey, ApiKey | null>()
    same<typeof request.routeOptions.config.apiKey, boolean | 'optional' | RouteScopes | undefined>()
  })
  app.get('/', { ...box, config: { apiKey: { scopes: ['flows:read'] } }, onRequest: [app.verifyApiKey] }, request => {
    same<typeof request.apiKey, ApiKey | null>()
    same<typeof request.query, { limit: number }>()
    return request.apiKey?.name
  })
  app.get('/optional', { ...box, config: { apiKey: 'optional' }, preHandler: app.verifyApiKey }, request => request.query.limit)
  // @ts-expect-error There is no such policy.
  app.get('/typo', { ...box, config: { apiKey: 'public' } }, () => 'guarded')
}
export const typeBoxPlugin: FastifyPluginAsyncTypebox = async app => { await typeBox(app) }
export const typeBoxCallback: FastifyPluginCallbackTypebox = (app, _options, done) => {
  app.get('/', { ...box, onRequest: app.verifyApiKey }, request => {
    same<typeof request.apiKey, ApiKey | null>()
    return request.query.limit
  })
  done()
}
await typeBox(Fastify().withTypeProvider<TypeBoxTypeProvider>())

// Zod: the same.
const zod = { schema: { querystring: z.object({ limit: z.number() }) } }
async function withZod (app: With<ZodTypeProvider>): Promise<void> {
  await app.register(dbgptAuth, { realm: 'private' })
  same<typeof app.apiKeys, KeyStore>()
  same<typeof app.verifyApiKey, VerifyApiKey>()
  app.addHook('onRequest', app.verifyApiKey)
  app.addHook('preHandler', (request, reply, done) => app.verifyApiKey(request, reply, done))
  app.addHook('onRequest', async request => {
    same<typeof request.apiKey, ApiKey | null>()
    same<typeof request.routeOptions.config.apiKey, boolean | 'optional' | RouteScopes | undefined>()
  })
  app.get('/', { ...zod, config: { apiKey: { scopes: ['flows:read'] } }, onRequest: [app.verifyApiKey] }, request => {
    same<typeof request.apiKey, ApiKey | null>()
    same<typeof request.query, { limit: number }>()
    return request.apiKey?.name
  })
  app.get('/optional', { ...zod, config: { apiKey: 'optional' }, preHandler: app.verifyApiKey }, request => request.query.limit)
  // @ts-expect-error There is no such policy.
  app.get('/typo', { ...zod, config: { apiKey: 'public' } }, () => 'guarded')
}
export const zodPlugin: FastifyPluginAsyncZod = async app => { await withZod(app) }
export const zodCallback: FastifyPluginCallbackZod = (app, _options, done) => {
  app.get('/', { ...zod, onRequest: app.verifyApiKey }, request => {
    same<typeof request.apiKey, ApiKey | null>()
    return request.query.limit
  })
  done()
}
await withZod(Fastify().withTypeProvider<ZodTypeProvider>())
