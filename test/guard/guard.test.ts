import diagnostics from 'node:diagnostics_channel'
import websocket from '@fastify/websocket'
import Fastify, { type FastifyInstance, type FastifyPluginAsync, type FastifyServerOptions } from 'fastify'
import t from 'tap'
import dbgptAuth, { type ApiKeyEvent, createApiKey, MemoryKeyStore } from '../../lib/index.ts'
import {
  bearer, BODY_401, BODY_503, CHALLENGE, harness, KEY, OTHER_KEY, WRONG_KEY
} from '../support/app.ts'
import { shown } from '../support/shown.ts'

interface Target {
  readonly method?: 'GET' | 'HEAD' | 'OPTIONS' | 'POST'
  readonly url?: string
  /** What a good key gets; 404 runs no handler of ours. */
  readonly status?: number
  readonly payload?: string
  readonly server?: FastifyServerOptions
}

/** Before 5.5, Fastify's options of the router stand among its own. */
function routerOptions (options: NonNullable<FastifyServerOptions['routerOptions']>): FastifyServerOptions {
  return Number(Fastify().version.split('.')[1]) < 5 ? options as FastifyServerOptions : { routerOptions: options }
}

/** Ways to put a route (which counts its runs) and the guard into an app. */
const arrangements: Readonly<Record<string, readonly [
  arrange: (app: FastifyInstance, guard: () => PromiseLike<unknown>, count: () => string) => unknown, target?: Target
]>> = {
  'a route declared after an awaited register': [async (app, guard, count) => {
    await guard()
    app.get('/p/path', count)
  }],
  'a route declared after a register that is not awaited': [(app, guard, count) => {
    guard()
    app.get('/p/path', count)
  }],
  'a route declared before register': [async (app, guard, count) => {
    app.get('/p/path', count)
    await guard()
  }],
  'a route of a child plugin registered before': [async (app, guard, count) => {
    await app.register(async child => { child.get('/path', count) }, { prefix: '/p' })
    await guard()
  }],
  'a route of a child plugin registered after': [async (app, guard, count) => {
    guard()
    await app.register(async child => { child.get('/path', count) }, { prefix: '/p' })
  }],
  'a route of a grandchild plugin registered before, not awaited': [(app, guard, count) => {
    app.register(async child => { child.register(async grandchild => { grandchild.get('/path', count) }) }, { prefix: '/p' })
    guard()
  }],
  'a route with its own onRequest hook': [async (app, guard, count) => {
    await guard()
    app.get('/p/path', { onRequest: (_request, _reply, done) => { count(); done() } }, () => 'own hook ran too')
  }],
  'a HEAD request': [async (app, guard, count) => {
    await guard()
    app.get('/p/path', count)
  }, { method: 'HEAD' }],
  'an OPTIONS request to a route': [async (app, guard, count) => {
    await guard()
    app.options('/p/path', count)
  }, { method: 'OPTIONS' }],
  'an OPTIONS request to no route': [async (_app, guard) => { await guard() }, { method: 'OPTIONS', status: 404 }],
  'an unknown URL': [async (_app, guard) => { await guard() }, { status: 404 }],
  'an unknown URL in an app with its own handlers': [async (app, guard, count) => {
    app.setErrorHandler((_error, _request, reply) => reply.code(200).send('swallowed'))
    await guard()
    app.setNotFoundHandler((_request, reply) => reply.code(404).send(count()))
  }, { status: 404 }],
  'an unknown URL under a prefix with its own not-found handler': [async (app, guard, count) => {
    await app.register(async child => {
      child.setNotFoundHandler((_request, reply) => reply.code(404).send(count()))
    }, { prefix: '/p' })
    await guard()
  }, { status: 404 }],
  'a route in an app with its own error handler': [async (app, guard, count) => {
    app.setErrorHandler((_error, _request, reply) => reply.code(200).send('swallowed'))
    await guard()
    app.get('/p/path', count)
  }],
  'a doubled slash': [async (app, guard, count) => {
    await guard()
    app.get('/p/path', count)
  }, { url: '//p//path', status: 404 }],
  'a doubled slash where it is ignored': [async (app, guard, count) => {
    await guard()
    app.get('/p/path', count)
  }, { url: '//p//path', server: routerOptions({ ignoreDuplicateSlashes: true }) }],
  'a percent-encoded path': [async (app, guard, count) => {
    await guard()
    app.get('/p/path', count)
  }, { url: '/p/p%61th' }],
  'a trailing slash': [async (app, guard, count) => {
    await guard()
    app.get('/p/path', count)
  }, { url: '/p/path/', status: 404 }],
  'a wildcard route': [async (app, guard, count) => {
    await guard()
    app.get('/*', count)
  }, { url: '/../p/path' }],
  'a websocket route asked without an upgrade': [async (app, guard, count) => {
    await app.register(websocket)
    await guard()
    app.get('/p/path', { websocket: true }, count)
  }, { status: 404 }],
  'a route with a strange config': [async (app, guard, count) => {
    await guard()
    app.get('/p/path', { config: { apiKey: 0 as unknown as boolean } }, count)
  }],
  'a route whose config says true': [async (app, guard, count) => {
    await guard()
    app.get('/p/path', { config: { apiKey: true } }, count)
  }],
  'a body that is not JSON': [async (app, guard, count) => {
    await guard()
    app.post('/p/path', count)
  }, { method: 'POST', payload: '{', status: 400 }]
}

for (const [name, [arrange, target = {}]] of Object.entries(arrangements)) {
  t.test(`${name} is guarded`, async t => {
    const { method = 'GET', url = '/p/path', status = 200, payload = '', server = {} } = target
    const type = payload === '' ? {} : { 'content-type': 'application/json' }
    const { app, guard } = harness(t, server)
    let runs = 0
    await arrange(app, guard, () => `run ${++runs}`)
    for (const headers of [{}, bearer(WRONG_KEY), { authorization: 'Basic dXNlcjpwYXNz' }]) {
      const refused = await app.inject({ method, url, headers: { ...type, ...headers }, payload })
      t.equal(refused.statusCode, 401, shown(headers))
      t.match(refused.headers['www-authenticate'], CHALLENGE, shown(headers))
      t.equal(refused.headers['cache-control'], 'no-store', shown(headers))
      if (method !== 'HEAD') t.equal(refused.body, BODY_401, shown(headers))
    }
    t.equal(runs, 0, 'the handler did not run')
    const passed = await app.inject({ method, url, headers: { ...type, ...bearer() }, payload })
    t.equal(passed.statusCode, status)
    if (status === 200) t.equal(runs, 1)
  })
}

t.test('a route opts out by its config', async t => {
  const { app, guard } = harness(t)
  await guard()
  app.get('/public', { config: { apiKey: false } }, request => ({ apiKey: request.apiKey }))
  for (const headers of [{}, bearer(), bearer(WRONG_KEY), { authorization: 'Bearer' }]) {
    const reply = await app.inject({ url: '/public', headers })
    t.equal(reply.statusCode, 200, shown(headers))
    t.same(reply.json(), { apiKey: null }, 'no credentials are looked at')
  }
  t.equal((await app.inject({ method: 'HEAD', url: '/public' })).statusCode, 200)
})

t.test('an optional route takes a request without credentials and refuses bad ones', async t => {
  const { app, guard } = harness(t)
  await guard({ keys: [{ key: KEY, name: 'billing' }, { key: OTHER_KEY, expiresAt: new Date(0) }] })
  let runs = 0
  app.get('/', { config: { apiKey: 'optional' } }, request => { runs++; return request.apiKey?.name ?? 'nobody' })
  t.equal((await app.inject('/')).body, 'nobody')
  t.equal((await app.inject({ url: '/', headers: { authorization: 'Basic dTpw' } })).body, 'nobody')
  t.equal((await app.inject({ url: '/', headers: bearer() })).body, 'billing')
  t.equal(runs, 3)
  for (const authorization of [`Bearer ${WRONG_KEY}`, `Bearer ${OTHER_KEY}`, 'Bearer', 'Bearer a b']) {
    t.equal((await app.inject({ url: '/', headers: { authorization } })).statusCode, 401, shown(authorization))
  }
  t.equal(runs, 3, 'the handler did not run')
})

t.test('another plugin\'s routes are opened by an onRoute hook in a scope around it', async t => {
  const { app, guard } = harness(t)
  const thirdParty: FastifyPluginAsync = async plugin => { plugin.get('/docs', () => 'docs') }
  await guard()
  await app.register(async scope => {
    scope.addHook('onRoute', route => { route.config = { ...route.config, apiKey: false } })
    await scope.register(thirdParty)
  })
  app.get('/guarded', () => 'guarded')
  for (const headers of [{}, bearer(), bearer(WRONG_KEY)]) {
    t.equal((await app.inject({ url: '/docs', headers })).body, 'docs', shown(headers))
  }
  t.equal((await app.inject('/guarded')).statusCode, 401)
})

t.test('sibling scopes each have their own keys', async t => {
  const { app } = harness(t)
  for (const [prefix, API_KEYS] of [['/a', KEY], ['/b', OTHER_KEY]] as const) {
    await app.register(async scope => {
      await scope.register(dbgptAuth, { env: { API_KEYS } })
      scope.get('/', request => request.apiKey?.id)
    }, { prefix })
  }
  app.get('/open', () => 'open')
  t.equal((await app.inject({ url: '/a', headers: bearer(KEY) })).statusCode, 200)
  t.equal((await app.inject({ url: '/a', headers: bearer(OTHER_KEY) })).statusCode, 401)
  t.equal((await app.inject({ url: '/b', headers: bearer(KEY) })).statusCode, 401)
  t.equal((await app.inject({ url: '/b', headers: bearer(OTHER_KEY) })).statusCode, 200)
  t.equal((await app.inject('/open')).body, 'open')
})

t.test('the handler gets the store\'s own record', async t => {
  const { app, guard } = harness(t)
  const store = new MemoryKeyStore([createApiKey({ key: KEY, name: 'billing', metadata: { plan: { seats: 3 } } })])
  await guard({ keys: store })
  let seen: unknown
  app.get('/', request => { seen = request.apiKey; return 'ok' })
  await app.inject({ url: '/', headers: bearer() })
  const [record] = await store.list()
  t.equal(seen, record)
  t.equal(app.apiKeys, store)
})

t.test('a key is revoked and added while the app serves', async t => {
  const { app, guard } = harness(t)
  await guard()
  app.get('/', () => 'ok')
  const store = app.apiKeys as MemoryKeyStore
  const [record] = await store.list()
  await store.revoke((record as NonNullable<typeof record>).id)
  t.equal((await app.inject({ url: '/', headers: bearer() })).statusCode, 401)
  await store.add(createApiKey(OTHER_KEY))
  t.equal((await app.inject({ url: '/', headers: bearer(OTHER_KEY) })).statusCode, 200)
})

t.test('a store that answers by promise is waited for', async t => {
  const { app, guard } = harness(t)
  const known = createApiKey(KEY)
  let failing = false
  await guard({
    keys: { find: async digest => { if (failing) throw new Error('down'); return digest === known.digest ? known : undefined } }
  })
  let runs = 0
  app.get('/', () => `run ${++runs}`)
  t.equal((await app.inject({ url: '/', headers: bearer() })).body, 'run 1')
  t.equal((await app.inject({ url: '/', headers: bearer(WRONG_KEY) })).body, BODY_401)
  failing = true
  const unavailable = await app.inject({ url: '/', headers: bearer() })
  t.equal(unavailable.statusCode, 503)
  t.equal(unavailable.body, BODY_503)
  t.equal(runs, 1)
})

t.test('the diagnostics channels tell of accepted and rejected requests', async t => {
  const { app, guard } = harness(t)
  const known = createApiKey({ key: KEY, name: 'billing' })
  const expired = createApiKey({ key: OTHER_KEY, expiresAt: new Date(0) })
  await guard({ keys: new MemoryKeyStore([known, expired]) })
  app.get('/', () => 'ok')
  app.get('/public', { config: { apiKey: false } }, () => 'ok')
  app.get('/optional', { config: { apiKey: 'optional' } }, () => 'ok')
  app.get('/verify', { config: { apiKey: false }, onRequest: app.verifyApiKey }, () => 'ok')
  const events: unknown[] = []
  for (const channel of ['accepted', 'rejected']) {
    const listener = (event: unknown): void => {
      const { request, apiKey, reason } = event as ApiKeyEvent
      events.push([channel, request.url, apiKey?.id, reason])
    }
    diagnostics.subscribe(`dbgpt-auth:${channel}`, listener)
    t.teardown(() => diagnostics.unsubscribe(`dbgpt-auth:${channel}`, listener))
  }
  await app.inject({ url: '/', headers: bearer() })
  await app.inject({ url: '/', headers: bearer(OTHER_KEY) })
  await app.inject('/')
  await app.inject('/public')
  await app.inject('/optional')
  await app.inject({ url: '/verify', headers: bearer() })
  await app.inject({ url: '/verify', headers: bearer(WRONG_KEY) })
  t.same(events, [
    ['accepted', '/', known.id, null],
    ['rejected', '/', expired.id, 'expired'],
    ['rejected', '/', undefined, 'missing'],
    ['accepted', '/verify', known.id, null],
    ['rejected', '/verify', undefined, 'unknown']
  ])
})
