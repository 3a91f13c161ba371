import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { type FastifyPluginAsyncTypebox, type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import { Validator } from '@seriousme/openapi-schema-validator'
import type { FastifyInstance } from 'fastify'
import {
  type FastifyPluginAsyncZod, jsonSchemaTransform, jsonSchemaTransformObject, serializerCompiler, validatorCompiler,
  type ZodTypeProvider
} from 'fastify-type-provider-zod'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { z } from 'zod'
import { createApiKey } from '../../lib/index.ts'
import { transform, withTransform } from '../../lib/openapi/transform.ts'
import { bearer, harness, KEY } from '../support/app.ts'

const { id } = createApiKey(KEY)

/** Tries an app with a route and a plugin that are declared by a type provider's schemas, and its document. */
async function tryProvider (
  t: Test, options: FastifyDynamicSwaggerOptions, declare: (app: FastifyInstance) => Promise<void>
): Promise<void> {
  const { app, guard } = harness(t)
  await guard({ keys: [{ key: KEY, scopes: ['flows:read'] }] })
  await app.register(swagger, { openapi: { openapi: '3.1.0' }, ...options })
  await declare(app)
  t.match((await app.inject({ url: '/flows?limit=2', headers: bearer() })).json(), { id, limit: 2 })
  t.equal((await app.inject({ url: '/flows?limit=no', headers: bearer() })).statusCode, 400)
  t.equal((await app.inject('/flows?limit=no')).statusCode, 401, 'the check is before validation')
  t.match((await app.inject('/limit?limit=3')).json(), { id: null, limit: 3 })
  t.equal((await app.inject({ url: '/hook', headers: bearer() })).body, id)
  const document = JSON.parse(JSON.stringify(app.swagger()))
  t.same(await new Validator().validate(structuredClone(document)), { valid: true })
  t.match(document.paths['/flows'].get, {
    security: [{ dbgptAuth: ['flows:read'] }],
    parameters: [{ in: 'query', name: 'limit', schema: { type: 'number' } }],
    responses: {
      200: { content: { 'application/json': { schema: { properties: { id: {}, limit: { type: 'number' } } } } } },
      401: { content: { 'application/json': { schema: { $ref: '#/components/schemas/dbgptAuth401' } } } },
      403: { description: 'The API key lacks a scope: flows:read' }
    }
  })
  t.ok(document.components.schemas.dbgptAuth401)
  t.match(document.paths['/limit'].get, { security: [{ dbgptAuth: [] }, {}], responses: { 401: { description: 'Ask ops' } } })
  t.match(document.paths['/hook'].get.security, [{ dbgptAuth: [] }])
}

t.test('TypeBox and the guard go together, in what runs and in the document', async t => {
  const querystring = Type.Object({ limit: Type.Number() })
  const answer = Type.Object({ id: Type.Union([Type.String(), Type.Null()]), limit: Type.Number() })
  const routes: FastifyPluginAsyncTypebox = async app => {
    const response = { 200: answer, 401: Type.Object({}, { description: 'Ask ops' }) }
    app.get('/limit', { config: { apiKey: 'optional' }, schema: { querystring, response } }, async ({ apiKey, query }) => {
      return { id: apiKey?.id ?? null, limit: query.limit }
    })
    app.get('/hook', { onRequest: app.verifyApiKey, schema: {} }, request => request.apiKey?.id)
  }
  await tryProvider(t, { transform }, async root => {
    const app = root.setValidatorCompiler(TypeBoxValidatorCompiler).withTypeProvider<TypeBoxTypeProvider>()
    const schema = { querystring, response: { 200: answer } }
    app.get('/flows', { config: { apiKey: { scopes: ['flows:read'] } }, schema }, async ({ apiKey, query }) => {
      return { id: apiKey?.id ?? null, limit: query.limit }
    })
    await app.register(routes)
  })
})

t.test('Zod and the guard go together, in what runs and in the document', async t => {
  const querystring = z.object({ limit: z.coerce.number() })
  const answer = z.object({ id: z.string().nullable(), limit: z.number() })
  const routes: FastifyPluginAsyncZod = async app => {
    const response = { 200: answer, 401: z.object({}).describe('Ask ops') }
    app.get('/limit', { config: { apiKey: 'optional' }, schema: { querystring, response } }, async ({ apiKey, query }) => {
      return { id: apiKey?.id ?? null, limit: query.limit }
    })
    app.get('/hook', { onRequest: app.verifyApiKey }, request => request.apiKey?.id)
  }
  const options = { transform: withTransform(jsonSchemaTransform), transformObject: jsonSchemaTransformObject }
  await tryProvider(t, options, async root => {
    root.setValidatorCompiler(validatorCompiler).setSerializerCompiler(serializerCompiler)
    const app = root.withTypeProvider<ZodTypeProvider>()
    const schema = { querystring, response: { 200: answer } }
    app.get('/flows', { config: { apiKey: { scopes: ['flows:read'] } }, schema }, async ({ apiKey, query }) => {
      return { id: apiKey?.id ?? null, limit: query.limit }
    })
    await app.register(routes)
  })
})
