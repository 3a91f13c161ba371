import auth from '@fastify/auth'
import type { FastifyContextConfig, FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import dbgptAuth, { type ApiKeyEvent, createApiKey, subscribeApiKeys, type VerificationError } from '../../lib/index.ts'
import { bearer, BODY_503, CHALLENGE, type Harness, harness, KEY, OTHER_KEY, rejection } from '../support/app.ts'
import { pollute } from '../support/pollute.ts'
import { shown } from '../support/shown.ts'
import { exchange, listen } from '../support/socket.ts'

type Policy = FastifyContextConfig['apiKey']

const BODY_403 = '{"error":{"message":"","type":"invalid_request_error","param":null,"code":"insufficient_scope"}}'
const needs = (...scopes: string[]): string => `${CHALLENGE}, error="insufficient_scope", scope="${scopes.join(' ')}"`
/** One that may do everything, and one that may read. */
const keys = [KEY, { key: OTHER_KEY, scopes: ['read'] }]
const reader = createApiKey(OTHER_KEY)

/** What no route can ask for. */
const wrong: readonly unknown[] = [
  {}, { scope: ['write'] }, { scopes: undefined }, { scopes: null }, { scopes: [] }, { scopes: 'write' }, { scopes: ['a b'] }, { scopes: [7] },
  { scopes: Array.from({ length: 51 }, (_, index) => `s${index}`) }, { scopes: ['write'], optional: true }, { scopes: ['write'], [Symbol('x')]: 1 },
  { scopes: { 0: 'write', length: 1 } }, Object.create({ scopes: ['write'] }), Object.assign(Object.create({ scopes: ['write'] }), { scope: 1 }), ['write'], [], new Date(0), new Map([['scopes', ['write']]])
]

type Declare = (app: FastifyInstance, apiKey: Policy) => unknown

/** Ways to declare a route later than the guard, and what the route is called. */
const declarations: Readonly<Record<string, readonly [declare: Declare, name: string]>> = {
  'on its scope': [(app, apiKey) => app.get('/path', { config: { apiKey } }, () => 'ok'), 'GET /path'],
  'by route, with several methods': [(app, apiKey) => {
    app.route({ method: ['PUT', 'POST'], url: '/path', config: { apiKey }, handler: () => 'ok' })
  }, 'PUT,POST /path'],
  'in a child scope': [async (app, apiKey) => {
    await app.register(async child => { child.delete('/path', { config: { apiKey } }, () => 'ok') }, { prefix: '/child' })
  }, 'DELETE /child/path'],
  'and a hook of its scope gives it the config': [async (app, apiKey) => {
    await app.register(async child => {
      child.addHook('onRoute', route => { route.config = { ...route.config, apiKey } })
      child.get('/path', () => 'ok')
    })
  }, 'GET /path']
}

for (const [way, [declare, name]] of Object.entries(declarations)) {
  for (const how of [{ keys }, { mode: 'off' }, { keys, addHook: false }] as const) {
    t.test(`a wrong shape refuses to start, of a route ${way}, with ${Object.keys(how).join(' and ')}`, async t => {
      // Each of them where routes mostly are; one of them elsewhere.
      for (const policy of way === 'on its scope' && !('mode' in how) ? wrong : wrong.slice(1, 2)) {
        const { app, guard } = harness(t)
        await guard({ env: {}, ...how })
        await declare(app, policy as Policy)
        const { code, message } = await rejection(app.ready())
        t.equal(code, 'FST_DBGPT_AUTH_ROUTE', shown(policy))
        t.match(message, `The route ${name} has a config.apiKey that is no policy`, shown(policy))
      }
    })
  }
}

t.test('what a config has from its class, or hides, would ask for nothing: it refuses to start', async t => {
  class OfClass { get apiKey (): Policy { return { scopes: ['write'] } } }
  for (const [how, config] of Object.entries({
    'a getter of a class': new OfClass(),
    'an inherited property': Object.create({ apiKey: { scopes: ['write'] } }),
    'a hidden property': Object.defineProperty({}, 'apiKey', { value: { scopes: ['write'] } })
  })) {
    const { app, guard } = harness(t)
    await guard({ keys })
    app.get('/path', { config }, () => 'ok')
    t.match(await rejection(app.ready()), { code: 'FST_DBGPT_AUTH_ROUTE', message: /^The route GET \/path .* of the config itself/ }, how)
  }
  const { app, guard } = harness(t)
  await guard({ keys })
  app.get('/', { config: Object.create({ apiKey: false }) }, () => 'ok')
  app.get('/own', { config: new class { readonly apiKey = { scopes: ['write'] } }() }, () => 'ok')
  t.equal((await app.inject('/')).statusCode, 401, 'what opens a route is its own, too')
  t.same(await statuses(app, '/own'), [200, 403])
})

t.test('other values guard as ever', async t => {
  for (const apiKey of [undefined, null, true, 0, 1, '', 'public', () => false] as unknown as Policy[]) {
    const { app, guard } = harness(t)
    await guard({ keys })
    app.get('/', { config: { apiKey } }, () => 'ok')
    t.equal((await app.inject('/')).statusCode, 401, shown(apiKey))
    t.equal((await app.inject({ url: '/', headers: bearer(OTHER_KEY) })).statusCode, 200, shown(apiKey))
  }
})

/** Asks with both keys. */
async function statuses (app: FastifyInstance, url: string): Promise<number[]> {
  return await Promise.all([KEY, OTHER_KEY].map(async key => (await app.inject({ url, headers: bearer(key) })).statusCode))
}

t.test('a route that is declared earlier than the guard asks for its scopes, too', async t => {
  const { app, guard } = harness(t)
  app.get('/write', { config: { apiKey: { scopes: ['write'] } } }, () => 'ok')
  app.get('/read', { config: { apiKey: { scopes: ['read'] } } }, () => 'ok')
  await app.register(async child => { child.get('/child', { config: { apiKey: { scopes: ['write'] } } }, () => 'ok') })
  await guard({ keys })
  for (const again of [1, 2]) {
    t.same(await statuses(app, '/write'), [200, 403], shown(again))
    t.same(await statuses(app, '/read'), [200, 200], shown(again))
    t.same(await statuses(app, '/child'), [200, 403], shown(again))
  }
})

t.test('a wrong shape there is answered 503 to good keys, and the log names the route', async t => {
  for (const policy of wrong) {
    const { app, guard, log } = harness(t)
    app.get('/path/:id', { config: { apiKey: policy as Policy } }, () => t.fail('the handler ran'))
    await guard({ keys })
    t.equal((await app.inject('/path/1')).statusCode, 401, shown(policy))
    for (const key of [KEY, OTHER_KEY]) {
      const { statusCode, body } = await app.inject({ url: '/path/1', headers: bearer(key) })
      t.same([statusCode, body], [503, BODY_503], shown(policy))
      t.match(log().filter(({ msg }) => msg === 'API key rejected').at(-1), {
        level: 50, reason: 'unavailable', err: { message: /: The route GET \/path\/:id has a config\.apiKey that is no policy/ }
      }, shown(policy))
    }
  }
})

t.test('a need is worked out once: what becomes of its object opens nothing', async t => {
  const { app, guard } = harness(t)
  const [earlier, later] = [{ scopes: ['write'] }, { scopes: ['write'] }]
  app.get('/earlier', { config: { apiKey: earlier } }, () => 'ok')
  await guard({ keys })
  app.get('/later', { config: { apiKey: later } }, () => 'ok')
  t.same(await statuses(app, '/earlier'), [200, 403])
  for (const config of [earlier, later]) {
    config.scopes.length = 0
    t.same(await statuses(app, '/earlier'), [200, 403])
    t.same(await statuses(app, '/later'), [200, 403])
    config.scopes = ['read']
  }
  t.same(await statuses(app, '/earlier'), [200, 403])
  t.same(await statuses(app, '/later'), [200, 403])
  t.notOk(Object.isFrozen(later), 'the app\'s own object is left as it is')
})

t.test('the routes of an exposed HEAD, of unknown URLs and of a trailing slash ask for the same', async t => {
  const { app, guard } = harness(t)
  const config = { apiKey: { scopes: ['write'] } }
  await guard({ keys })
  app.setNotFoundHandler({ config } as object, (_request, reply) => { reply.code(404).send('nothing') })
  await app.register(async child => { child.get('/', { config }, () => 'ok') }, { prefix: '/p' })
  for (const [method, url, good] of [['HEAD', '/p', 200], ['GET', '/p/', 200], ['GET', '/unknown', 404]] as const) {
    const refused = await app.inject({ method, url, headers: bearer(OTHER_KEY) })
    t.same([refused.statusCode, refused.headers['www-authenticate']], [403, needs('write')], `${method} ${url}`)
    t.equal((await app.inject({ method, url, headers: bearer() })).statusCode, good, `${method} ${url}`)
  }
})

t.test('sibling guards each judge their own routes, by their own keys and realm', async t => {
  const { app } = harness(t)
  for (const [prefix, scopes] of [['/a', ['write']], ['/b', ['read']]] as const) {
    await app.register(async scope => {
      await scope.register(dbgptAuth, { keys: [{ key: KEY, scopes }], env: {}, realm: prefix })
      scope.get('/', { config: { apiKey: { scopes: ['write'] } } }, () => 'ok')
    }, { prefix })
  }
  app.get('/open', { config: { apiKey: { plan: 'of another plugin' } as unknown as Policy } }, () => 'ok')
  t.equal((await app.inject('/open')).statusCode, 200, 'what is outside is not looked at')
  t.equal((await app.inject({ url: '/a', headers: bearer() })).statusCode, 200)
  t.match(await app.inject({ url: '/b', headers: bearer() }), {
    statusCode: 403, headers: { 'www-authenticate': 'Bearer realm="/b", error="insufficient_scope", scope="write"' }
  })
})

t.test('a polluted prototype neither gives a route scopes nor takes them', async t => {
  const { app, guard } = harness(t)
  await guard({ keys })
  app.get('/write', { config: { apiKey: { scopes: ['write'] } } }, () => 'ok')
  app.get('/', { config: {} }, () => 'ok')
  pollute(t, 'apiKey', { scope: 'of nobody' })
  await app.ready()
  pollute(t, 'scopes', ['write', 'other'])
  t.same(await statuses(app, '/write'), [200, 403])
  t.same(await statuses(app, '/'), [200, 200])
})

t.test('the diagnostics channel tells whose key lacks a scope, and the request has none', async t => {
  const { app, guard } = harness(t)
  await guard({ keys })
  app.get('/', { config: { apiKey: { scopes: ['write'] } } }, () => 'ok')
  const events: ApiKeyEvent[] = []
  t.teardown(subscribeApiKeys('rejected', event => { events.push(event) }))
  await app.inject({ url: '/', headers: bearer(OTHER_KEY) })
  t.match(events, [{ reason: 'scope', apiKey: { id: reader.id } }])
  t.equal(events[0]?.request.apiKey, null)
})

t.test('logLevel is of a 403 as of a 401, and a formatter is told of it', async t => {
  const { app, guard, log } = harness(t)
  const [told, url] = [[] as unknown[], '/']
  await guard({ keys, logLevel: 'warn', errorFormat: info => { told.push(info); return { error: info.code } } })
  app.get(url, { config: { apiKey: { scopes: ['write'] } } }, () => 'ok')
  t.equal((await app.inject({ url, headers: bearer(OTHER_KEY) })).body, '{"error":"insufficient_scope"}')
  t.same(told, [{ status: 403, reason: 'scope', message: '', type: 'invalid_request_error', code: 'insufficient_scope' }])
  t.match(log().find(({ msg }) => msg === 'API key rejected'), { level: 40, keyId: reader.id })
})

t.test('on the wire, a 403 ends a chunked upload as a 401 does', async t => {
  const { app, guard } = harness(t)
  await guard({ keys })
  app.post('/', { config: { apiKey: { scopes: ['write'] } } }, () => t.fail('the handler ran'))
  const answer = await exchange(await listen(app),
    `POST / HTTP/1.1\r\nHost: a\r\nAuthorization: ${bearer(OTHER_KEY).authorization}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`)
  t.match(answer, /^HTTP\/1\.1 403 Forbidden\r\n/)
  t.match(answer, /\r\nconnection: close\r\n/i)
  t.ok(answer.endsWith(`\r\n\r\n${BODY_403}`))
})

t.test('with authentication off nobody is asked for a scope', async t => {
  const { app, guard } = harness(t)
  await guard({ mode: 'off', env: {} })
  app.get('/', { config: { apiKey: { scopes: ['write'] } } }, () => 'ok')
  t.equal((await app.inject('/')).statusCode, 200)
})

/** An app whose routes call verifyApiKey: the guard, with a hook or without, and one that asks for a scope. */
async function verifying (t: Test): Promise<Harness> {
  const made = harness(t)
  await made.app.register(auth)
  await made.guard({ keys, addHook: false })
  return made
}

t.test('verifyApiKey asks for the scopes of the route, alone and among others', async t => {
  const { app, log } = await verifying(t)
  const config = { apiKey: { scopes: ['write'] } }
  app.get('/hook', { config, onRequest: app.verifyApiKey }, request => request.apiKey?.id)
  app.get('/and', { config, preHandler: app.auth([app.verifyApiKey], { relation: 'and' }) }, () => 'ok')
  app.get('/optional', { config: { apiKey: 'optional' }, onRequest: app.verifyApiKey }, () => 'ok')
  for (const url of ['/hook', '/and']) {
    t.equal((await app.inject({ url, headers: bearer() })).statusCode, 200, url)
    const refused = await app.inject({ url, headers: bearer(OTHER_KEY) })
    t.same([refused.statusCode, refused.headers['www-authenticate']], [403, needs('write')], url)
    t.same(refused.json(), {
      statusCode: 403, code: 'FST_DBGPT_AUTH_INSUFFICIENT_SCOPE', error: 'Forbidden', message: 'The API key lacks a scope that this takes'
    }, url)
  }
  t.same(await statuses(app, '/optional'), [200, 200])
  t.equal((await app.inject('/optional')).statusCode, 401, 'a route config opens nothing')
  t.notOk(log().some(({ msg }) => msg === 'API key rejected'))
})

t.test('the error of verifyApiKey says so, and answers as the hook would have', async t => {
  const { app, log } = await verifying(t)
  app.setErrorHandler((error, _request, reply) => {
    t.match(error, { statusCode: 403, reason: 'scope', headers: { 'www-authenticate': needs('write') } })
    ;(error as VerificationError).send(reply)
  })
  app.get('/', { config: { apiKey: { scopes: ['write'] } }, preHandler: app.verifyApiKey }, () => t.fail('the handler ran'))
  const { statusCode, headers, body } = await app.inject({ url: '/', headers: bearer(OTHER_KEY) })
  t.same([statusCode, headers['www-authenticate'], body], [403, needs('write'), BODY_403])
  t.match(log().find(({ msg }) => msg === 'API key rejected'), { reason: 'scope', keyId: reader.id, missingScopes: ['write'], route: '/' })
})
