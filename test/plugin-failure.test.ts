import t from 'tap'
import dbgptAuth, { type DbgptAuthOptions, MemoryKeyStore, type VerificationError } from '../lib/index.ts'
import { bearer, BODY_503, harness, KEY, rejection } from './support/app.ts'
import { pollute } from './support/pollute.ts'
import { shown } from './support/shown.ts'

/** What keeps the plugin from starting, each in a place of its own. */
const faults: Readonly<Record<string, DbgptAuthOptions>> = {
  'a wrong option': { env: { API_KEYS: KEY }, realm: '"' },
  'an environment that is none': { env: { API_AUTH: 'maybe' } },
  'no keys': { env: { API_AUTH: 'on' } },
  'a key that is none': { env: { API_KEYS: 'a b' } },
  'an unknown option': { env: {}, key: [KEY] } as DbgptAuthOptions,
  'a store that does not open': { keys: { find: () => null, open: async () => { throw new Error('no disk') } }, env: {} }
}

for (const [fault, options] of Object.entries(faults)) {
  t.test(`an app that swallows the error of ${fault} refuses every request`, async t => {
    const { app, log } = harness(t)
    let swallowed: unknown
    app.register(dbgptAuth, options).after(error => { swallowed = error })
    app.get('/', () => t.fail('the handler ran'))
    app.get('/public', { config: { apiKey: false } }, () => t.fail('the handler ran'))
    for (const url of ['/', '/public', '/unknown']) {
      for (const headers of [{}, bearer()]) {
        const { statusCode, headers: sent, body } = await app.inject({ url, headers })
        t.equal(statusCode, 503)
        t.equal(sent['retry-after'], '1')
        t.equal(body, BODY_503)
      }
    }
    t.ok(swallowed instanceof Error)
    t.match(log().find(line => line.msg === 'API key rejected'), {
      level: 50, reason: 'unavailable', err: { message: /: fastify-dbgpt-auth has not started: see the error of its registration$/ }
    })
  })

  t.test(`verifyApiKey refuses every request after the error of ${fault}`, async t => {
    const { app } = harness(t)
    app.register(dbgptAuth, { ...options, addHook: false }).after(error => {
      t.ok(error)
      app.get('/', { preHandler: app.verifyApiKey }, () => t.fail('the handler ran'))
    })
    t.equal((await app.inject({ url: '/', headers: bearer() })).statusCode, 503)
  })
}

t.test('an app that swallows the error of a second registration refuses every request', async t => {
  const { app } = harness(t)
  await app.register(async scope => { await scope.register(dbgptAuth, { env: { API_KEYS: KEY } }) })
  app.register(dbgptAuth, { env: { API_KEYS: KEY } }).after(error => { t.match(error, { code: 'FST_DBGPT_AUTH_NESTED' }) })
  app.get('/', () => t.fail('the handler ran'))
  await app.ready()
  t.equal((await app.inject({ url: '/', headers: bearer() })).statusCode, 503)
})

t.test('after a failed start-up, each error of verifyApiKey answers as the hook would', async t => {
  const { app } = harness(t)
  app.setErrorHandler((error, _request, reply) => { (error as VerificationError).send(reply) })
  app.register(dbgptAuth, { env: { API_KEYS: 'a b' }, addHook: false, errorFormat: 'fastapi' }).after(error => {
    t.ok(error)
    app.get('/', { preHandler: app.verifyApiKey }, () => t.fail('the handler ran'))
  })
  for (const headers of [{}, bearer(), {}]) t.equal((await app.inject({ url: '/', headers })).body, `{"detail":${BODY_503}}`)
})

t.test('an answer before the start-up has the format that was chosen', async t => {
  const { app } = harness(t)
  app.register(dbgptAuth, { env: { API_KEYS: 'a b' }, errorFormat: 'fastapi' }).after(error => { t.ok(error) })
  t.equal((await app.inject('/')).body, `{"detail":${BODY_503}}`)
})

t.test('what stands in Object.prototype opens nothing', async t => {
  for (const apiKey of [false, 'optional']) {
    const { app, guard } = harness(t)
    const properties = { apiKey, mode: 'off', addHook: false, allowWeakKeys: true, API_AUTH: 'off' }
    for (const [name, value] of Object.entries(properties)) pollute(t, name, value)
    await guard()
    app.get('/', () => t.fail('the handler ran'))
    app.get('/own', { config: { url: '/' } as object }, () => t.fail('the handler ran'))
    for (const url of ['/', '/own', '/unknown']) t.equal((await app.inject(url)).statusCode, 401, shown([apiKey, url]))
    t.equal((await app.inject({ url: '/unknown', headers: bearer() })).statusCode, 404)
  }
  t.match(await rejection(harness(t).app.register(dbgptAuth, { env: { NODE_ENV: 'production' } })), { code: 'FST_DBGPT_AUTH_KEYS_REQUIRED' })
})

t.test('a store that is slower than Fastify is patient is a start-up error that says so, and is closed when it is open', async t => {
  const { app } = harness(t, { pluginTimeout: 2000 })
  let open = (): void => {}
  const closed = new Promise<void>(resolve => {
    const slow = async (): Promise<void> => await new Promise<void>(resolve => { open = resolve })
    app.register(dbgptAuth, { keys: { find: () => null, open: slow, close: async () => { resolve() } }, env: {} })
  })
  t.match(await rejection(app.ready()), { code: 'FST_DBGPT_AUTH_KEY_STORE_SLOW', message: /after 1800 ms.*pluginTimeout/ })
  open()
  await closed
})

t.test('without a pluginTimeout a store may take its time', async t => {
  const { app } = harness(t, { pluginTimeout: 0 })
  await app.register(dbgptAuth, { keys: new MemoryKeyStore(), env: {} })
  t.equal((await app.inject('/')).statusCode, 401)
})

t.test('an unknown option warns, by its name and the nearest one', async t => {
  const { app, log } = harness(t)
  await app.register(dbgptAuth, { env: { API_KEYS: KEY }, errorformat: 'dbgpt' } as DbgptAuthOptions)
  t.same(log().filter(({ level }) => level === 40).map(({ msg }) => msg), ['There is no option "errorformat", is "errorFormat" meant?'])
})

t.test('the line that authentication is on comes once the store is open, with the number of keys and their source', async t => {
  const { app, guard, log } = harness(t)
  const store = Object.assign(new MemoryKeyStore(), { open: async () => { t.notOk(log().some(line => line.msg.includes('is on'))) } })
  await guard({ keys: store })
  await app.ready()
  t.match(log().filter(line => line.msg.startsWith('API key authentication is on: ')), [{ source: 'the option keys', keys: 0 }])
})
