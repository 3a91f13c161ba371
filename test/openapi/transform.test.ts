import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { Validator } from '@seriousme/openapi-schema-validator'
import type { FastifyContextConfig, FastifyInstance, FastifySchema } from 'fastify'
import t, { type Test } from 'tap'
import dbgptAuth from '../../lib/index.ts'
import { responses, responsesIn, security, securitySchemes, transform, withTransform } from '../../lib/openapi/transform.ts'
import { harness, KEY as PLAIN_KEY, rejection } from '../support/app.ts'
import { pollute } from '../support/pollute.ts'

interface Operation {
  readonly security?: readonly object[]
  readonly responses: Readonly<Record<string, { readonly description: string, readonly content?: object }>>
  readonly summary?: string
}
interface Document {
  readonly components: { readonly schemas: object, readonly securitySchemes: object, readonly responses?: object }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

/** Returns the document of an app as it is served, having had it validated. */
async function documentOf (t: Test, app: FastifyInstance): Promise<Document> {
  await app.ready()
  const document = JSON.parse(JSON.stringify(app.swagger()))
  t.same(await new Validator().validate(structuredClone(document)), { valid: true })
  return document
}

/** Makes a guarded app with a document, and returns that document. */
async function described (
  t: Test, routes: (app: FastifyInstance) => void, options: FastifyDynamicSwaggerOptions = {}
): Promise<Document> {
  const { app, guard } = harness(t)
  await guard()
  await app.register(swagger, { openapi: { openapi: '3.1.0' }, transform, ...options })
  routes(app)
  return await documentOf(t, app)
}

const KEY = [{ dbgptAuth: [] }]
const read = { scopes: ['flows:read', 'flows:write'] } as const
class Getter { get apiKey (): false { return false } }

const policies: readonly [name: string, config: unknown, security: readonly object[], answers: readonly string[]][] = [
  ['none', undefined, KEY, ['401', '503']],
  ['without the key', {}, KEY, ['401', '503']],
  ['true', { apiKey: true }, KEY, ['401', '503']],
  ['undefined', { apiKey: undefined }, KEY, ['401', '503']],
  ['null', { apiKey: null }, KEY, ['401', '503']],
  ['a text', { apiKey: 'false' }, KEY, ['401', '503']],
  ['inherited', Object.create({ apiKey: false }), KEY, ['401', '503']],
  ['of a class', new Getter(), KEY, ['401', '503']],
  ['hidden', Object.defineProperty({}, 'apiKey', { value: false }), KEY, ['401', '503']],
  ['false', { apiKey: false }, [], []],
  ['optional', { apiKey: 'optional' }, [...KEY, {}], ['401', '503']],
  ['scopes', { apiKey: read }, [{ dbgptAuth: read.scopes }], ['401', '403', '503']]
]

t.test('an operation asks for what its route does, and for nothing else', async t => {
  const { paths } = await described(t, app => {
    for (const [name, config] of policies) app.get(`/${name}`, { config: config as FastifyContextConfig }, () => 'ok')
  })
  for (const [name, , security, answers] of policies) {
    const operation = paths[`/${name}`]?.get
    t.same(operation?.security, security, name)
    t.same(Object.keys(operation?.responses ?? {}), ['200', ...answers], name)
    t.same(operation?.responses['200'], { description: 'Default Response' }, name)
  }
  t.equal(paths['/scopes']?.get?.responses['403']?.description, 'The API key lacks a scope: flows:read flows:write')
})

t.test('a prototype that is polluted opens no operation', async t => {
  const { app, guard } = harness(t)
  await guard()
  await app.register(swagger, { openapi: { openapi: '3.1.0' }, transform })
  app.get('/', () => 'ok')
  await app.ready()
  pollute(t, 'apiKey', false)
  t.match(app.swagger(), { paths: { '/': { get: { security: KEY } } } })
})

t.test('scopes are those that the guard goes by, whatever was done to the list since', async t => {
  const scopes = ['flows:read']
  const { app, guard } = harness(t)
  await guard()
  await app.register(swagger, { openapi: { openapi: '3.1.0' }, transform })
  app.get('/', { config: { apiKey: { scopes } } }, () => 'ok')
  await app.ready()
  scopes.pop()
  t.same((await documentOf(t, app)).paths['/']?.get?.security, [{ dbgptAuth: ['flows:read'] }])
})

t.test('a route that no guard has seen is described by its config, and a bad one is told', async t => {
  const { app } = harness(t)
  await app.register(swagger, { openapi: { openapi: '3.1.0' }, transform })
  app.get('/', { config: { apiKey: { scopes: ['flows:read'] } } }, () => 'ok')
  t.same((await documentOf(t, app)).paths['/']?.get?.security, [{ dbgptAuth: ['flows:read'] }])
  const { app: other } = harness(t)
  await other.register(swagger, { openapi: { openapi: '3.1.0' }, transform })
  other.get('/', { config: { apiKey: { scope: ['flows:read'] } as never } }, () => 'ok')
  await other.ready()
  t.throws(() => other.swagger(), { code: 'FST_DBGPT_AUTH_ROUTE', message: 'The route GET / has' })
})

t.test('with authentication off, the document is the same', async t => {
  const documents = []
  for (const mode of ['on', 'off'] as const) {
    const { app, guard } = harness(t)
    await guard({ mode })
    await app.register(swagger, { openapi: { openapi: '3.1.0' }, transform })
    for (const [name, config] of policies) app.get(`/${name}`, { config: config as FastifyContextConfig }, () => 'ok')
    documents.push(await documentOf(t, app))
  }
  t.same(documents[0], documents[1])
})

t.test('in OpenAPI 3.0, where a bearer scheme has no scopes, they stand with the 403 alone', async t => {
  for (const openapi of ['3.0.3', undefined]) {
    const { paths } = await described(t, app => { app.get('/', { config: { apiKey: read } }, () => 'ok') }, {
      openapi: { ...openapi !== undefined && { openapi }, components: { securitySchemes, responses }, security }
    })
    t.same(paths['/']?.get?.security, KEY)
    t.match(paths['/']?.get?.responses['403']?.description, /flows:read flows:write$/)
  }
})

t.test('in Swagger 2 it says that it takes OpenAPI 3', async t => {
  const { app, guard } = harness(t)
  await guard()
  await app.register(swagger, { transform })
  app.get('/', () => 'ok')
  await app.ready()
  t.match(await rejection(Promise.resolve().then(() => app.swagger())), {
    code: 'FST_DBGPT_AUTH_OPENAPI', message: /\{ openapi: '3\.1\.0' \}/
  })
})

/** Freezes a value through and through. */
function freeze<Value> (value: Value): Value {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze)
  return value
}

t.test('what the app states stands, and is not altered', async t => {
  const own = { 401: { description: 'Ask ops', type: 'null' }, 200: { description: 'Done', type: 'object', properties: {} } }
  const either = [{ dbgptAuth: [] }, { jwt: [] }]
  const components = { securitySchemes: { jwt: { type: 'http', scheme: 'bearer' } }, schemas: { Flow: { type: 'object' } } } as const
  const routes: [url: string, schema: FastifySchema, security: readonly object[], responses: readonly string[]][] = [
    ['/own', { summary: 'Own', response: own }, KEY, ['200', '401', '503']],
    ['/range', { response: { '4xx': { description: 'Bad', type: 'null' } } }, KEY, ['401', '503', '4XX']],
    ['/none', { response: {} }, KEY, ['401', '503']],
    ['/either', { security: either }, either, ['200', '401', '503']],
    ['/token', { security: [{ jwt: [] }], response: { 200: own[200] } }, [{ jwt: [] }], ['200']],
    ['/open', { security: [] }, [], ['200']]
  ]
  const { app, guard } = harness(t)
  await guard()
  await app.register(swagger, { openapi: freeze({ openapi: '3.1.0', components }), transform })
  for (const [url, schema] of routes) app.get(url, { schema }, () => ({}))
  // Fastify itself leaves its mark on schemas.
  await app.ready()
  freeze(routes)
  const document = await documentOf(t, app)
  for (const [url, , security, responses] of routes) {
    t.same(document.paths[url]?.get?.security, security, url)
    t.same(Object.keys(document.paths[url]?.get?.responses ?? {}), responses, url)
  }
  t.match(document.paths['/own']?.get, { summary: 'Own', responses: { 401: { description: 'Ask ops' }, 200: { description: 'Done' } } })
  t.same(document.components.securitySchemes, { ...securitySchemes, ...components.securitySchemes })
  t.same(new Set(Object.keys(document.components.schemas)), new Set(['Flow', 'dbgptAuth401', 'dbgptAuth503']))
})

t.test('the scheme is there as soon as the document asks for it, whatever its first route does', async t => {
  const routes = (app: FastifyInstance): void => { app.get('/health', { config: { apiKey: false } }, () => 'ok') }
  for (const [asked, schemes] of [[security, securitySchemes], [undefined, undefined], [[], undefined]] as const) {
    const { components, paths } = await described(t, routes, { openapi: { openapi: '3.1.0', ...asked && { security: [...asked] } } })
    t.same(paths['/health']?.get?.security, [], JSON.stringify(asked))
    t.same(components.securitySchemes, schemes, JSON.stringify(asked))
  }
})

t.test('where a scope alone is guarded, the rest says that it takes no key, or the document is the scope\'s own', async t => {
  const guarded = async (scope: FastifyInstance): Promise<void> => {
    await scope.register(dbgptAuth, { env: {}, keys: [PLAIN_KEY] })
    scope.get('/flows', () => 'ok')
  }
  const { app } = harness(t)
  await app.register(swagger, { openapi: { openapi: '3.1.0' }, transform })
  await app.register(guarded, { prefix: '/api' })
  await app.register(async rest => {
    rest.addHook('onRoute', route => { route.config = { ...route.config, apiKey: false } })
    rest.get('/about', () => 'ok')
  })
  app.get('/health', { schema: { security: [] } }, () => 'ok')
  const { paths } = await documentOf(t, app)
  for (const [url, security] of [['/api/flows', KEY], ['/about', []], ['/health', []]] as const) {
    t.same(paths[url]?.get?.security, security, url)
    t.equal((await app.inject(url)).statusCode, url === '/api/flows' ? 401 : 200, url)
  }
  const { app: other } = harness(t)
  other.get('/about', () => 'ok')
  let inner = other
  await other.register(async scope => {
    inner = scope
    await scope.register(swagger, { openapi: { openapi: '3.1.0' }, transform })
    await guarded(scope)
  }, { prefix: '/api' })
  await other.ready()
  t.match(inner.swagger(), { paths: { '/api/flows': { get: { security: KEY } } } })
})

t.test('answers and the scheme are those of the document\'s components, where it has them', async t => {
  const scheme = { type: 'apiKey', in: 'header', name: 'x-api-key' } as const
  const schema = { type: 'object' } as const
  const { components, paths } = await described(t, app => { app.get('/', { config: { apiKey: read } }, () => 'ok') }, {
    openapi: {
      openapi: '3.1.0',
      components: {
        securitySchemes: { dbgptAuth: scheme },
        responses: {
          ...responsesIn('dbgpt'),
          401: { description: 'Ask ops', headers: { 'X-Ask': { $ref: '#/components/headers/ask' } }, content: { 'text/plain': {} } },
          403: { description: 'Ask more', content: { 'application/json': { schema } } }
        },
        headers: { ask: { schema: { type: 'string' } } }
      }
    }
  })
  t.same(components.securitySchemes, { dbgptAuth: scheme })
  t.same(components.schemas, {
    dbgptAuth401: responses[401].content['application/json'].schema,
    dbgptAuth403: schema,
    dbgptAuth503: responsesIn('dbgpt')[503].content['application/json'].schema
  })
  t.match(paths['/']?.get?.responses, {
    401: { description: 'Ask ops', headers: { 'X-Ask': {} } },
    403: { description: 'Ask more: flows:read flows:write', headers: { 'WWW-Authenticate': {} } },
    503: { content: { 'application/json': { schema: { $ref: '#/components/schemas/dbgptAuth503' }, example: { success: false } } } }
  })
})

t.test('a transform of the app\'s own goes first, and a route may have another or none', async t => {
  const own = withTransform(({ schema, url }) => ({ schema: { ...schema, summary: 'Own' }, url: `/v1${url}` }))
  const { paths } = await described(t, app => {
    app.get('/all', () => 'ok')
    app.get('/mine', { config: { swaggerTransform: transform } }, () => 'ok')
    app.get('/none', { config: { swaggerTransform: false } }, () => 'ok')
    app.get('/hidden', { schema: { hide: true } }, () => 'ok')
    app.route({ method: ['PUT', 'POST'], url: '/both', config: { apiKey: 'optional' }, handler: () => 'ok' })
  }, { transform: own })
  t.same(Object.keys(paths), ['/v1/all', '/mine', '/none', '/v1/both'])
  t.match(paths['/v1/all']?.get, { summary: 'Own', security: KEY })
  t.match(paths['/mine']?.get, { summary: undefined, security: KEY })
  t.equal(paths['/none']?.get?.security, undefined)
  for (const method of ['put', 'post']) t.match(paths['/v1/both']?.[method], { security: [...KEY, {}] }, method)
})
