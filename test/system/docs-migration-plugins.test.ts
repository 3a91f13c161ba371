import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { bearerAuth } from 'hono/bearer-auth'
import t, { type Test } from 'tap'
import dbgptAuth, { createApiKey, type DbgptAuthOptions, MemoryKeyStore } from '../../lib/index.ts'
import { type Answer, ask, type Question } from '../support/ask.ts'
import { bearer, CHALLENGE, challenge, harness, KEY, OTHER_KEY, rejection, WRONG_KEY } from '../support/app.ts'
import { testRows, type Trial } from '../support/migration.ts'

type Handler = (request: { user: { name: string } }, response: { send (body: string): void }) => void
type Verify = (token: string, done: (error: unknown, user?: unknown) => void) => void
interface App { use (...handlers: unknown[]): App, all (path: string, handler: Handler): App, listen (port: number): Server }
interface Authenticator { use (strategy: object): void, authenticate (name: string, options: object): unknown }

// They bring no types.
const require = createRequire(import.meta.url)
const express = require('express') as { (): App, urlencoded (): unknown }
const { Passport } = require('passport') as { Passport: new () => Authenticator }
const { Strategy } = require('passport-http-bearer') as { Strategy: new (options: object, verify: Verify) => object }

const production = { NODE_ENV: 'production' }

/** What a guarded app answers, whose handler says whose key it was. */
async function here (t: Test, options: DbgptAuthOptions, headers: object = bearer(), url = '/'): Promise<Answer> {
  const { app, guard } = harness(t)
  await guard(options)
  app.get('/', { config: url.includes('scoped') ? { apiKey: { scopes: ['flows:read'] } } : {} }, request => request.apiKey?.name ?? 'ok')
  const { statusCode: status, headers: answered, body } = await app.inject({ url, headers: { ...headers } })
  return { status, headers: answered as Answer['headers'], body }
}

/** What Hono's server answers. */
async function hono (
  t: Test, options: Parameters<typeof bearerAuth>[0], headers: Record<string, string> = bearer(), path = '/api/me'
): Promise<Answer> {
  const app = new Hono()
  app.use('/api/*', bearerAuth(options))
  app.get('/api/me', c => c.text('ok'))
  app.get('/open', c => c.text('open'))
  const server = serve({ fetch: app.fetch, port: 0 })
  t.teardown(() => { server.close() })
  await once(server, 'listening')
  return await ask(`http://localhost:${(server.address() as AddressInfo).port}${path}`, { headers })
}

const knows: Verify = (token, done) => { done(null, token === KEY ? { name: 'Ada' } : false) }

/** What an Express server answers with Passport's strategy. */
async function express5 (
  t: Test, verify: Verify, question: Question & { readonly query?: string } = { headers: bearer() }, options: object = {}
): Promise<Answer> {
  const passport = new Passport()
  passport.use(new Strategy(options, verify))
  const app = express().use(express.urlencoded()).use(passport.authenticate('bearer', { session: false }))
  app.all('/', (request, response) => { response.send(request.user.name) })
  // Else it prints the error.
  app.use((_error: unknown, _request: unknown, response: { sendStatus (status: number): void }, _next: unknown) => {
    response.sendStatus(500)
  })
  const server = app.listen(0)
  t.teardown(() => { server.close() })
  await once(server, 'listening')
  return await ask(`http://localhost:${(server.address() as AddressInfo).port}/${question.query ?? ''}`, question)
}

const named = new MemoryKeyStore([createApiKey({ key: KEY, name: 'Ada' })])
const noPrefix = { 'x-api-key': KEY }

const sections: Readonly<Record<string, Readonly<Record<string, Trial>>>> = {
  'From Hono\'s bearerAuth': {
    '`token`, a text or a list': async t => {
      for (const token of [KEY, [OTHER_KEY, KEY]]) t.match(await hono(t, { token }), { status: 200 })
      t.match(await here(t, { keys: [OTHER_KEY, KEY] }), { status: 200 })
    },
    '`token: \'\'` or `[]` lets nobody in': async t => {
      for (const token of ['', []]) t.match(await hono(t, { token }), { status: 401 })
      t.match(await here(t, { keys: [] }, {}), { status: 200 })
      t.match(await rejection(harness(t).guard({ keys: [''] })), { code: 'FST_DBGPT_AUTH_KEYS_EMPTY' })
      for (const options of [{ mode: 'on' }, { env: production }] as const) {
        t.match(await rejection(harness(t).guard({ keys: [], ...options })), { code: 'FST_DBGPT_AUTH_KEYS_REQUIRED' })
      }
    },
    '`verifyToken: (token, c) => boolean`': async t => {
      t.match(await hono(t, { verifyToken: async (token, c) => token === KEY && c.req.path === '/api/me' }), { status: 200 })
      const given: unknown[] = []
      await here(t, { keys: { find (...args) { given.push(...args); return null } } })
      t.same(given, [createApiKey(KEY).digest])
    },
    '`hashFunction`': async t => {
      const { digest } = createApiKey(KEY)
      t.match(await hono(t, { token: KEY, hashFunction: (token: string) => token === KEY ? digest : '' }), { status: 200 })
      t.match(await here(t, { keys: [{ digest }] }), { status: 200 })
    },
    '`headerName: \'X-Api-Key\'`, `prefix: \'\'`': async t => {
      t.match(await hono(t, { token: KEY, headerName: 'X-Api-Key', prefix: '' }, noPrefix), { status: 200 })
      t.match(await here(t, { getKey: ({ headers }) => headers['x-api-key'] }, noPrefix), { status: 200 })
    },
    '`realm`, empty by itself': async t => {
      t.match(await hono(t, { token: KEY }, {}), { headers: { 'www-authenticate': 'Bearer realm=""' } })
      t.match(await here(t, {}, {}), { headers: { 'www-authenticate': CHALLENGE } })
    },
    '`Basic …` is answered 400': async t => {
      const headers = { authorization: 'Basic QTpC' }
      t.match(await hono(t, { token: KEY }, headers), { status: 400 })
      t.match(await here(t, {}, headers), { status: 401, headers: { 'www-authenticate': CHALLENGE } })
    },
    'a token that is malformed is answered 400': async t => {
      const headers = { authorization: 'Bearer a b' }
      t.match(await hono(t, { token: KEY }, headers), { status: 400 })
      t.match(await here(t, {}, headers), { status: 401, headers: { 'www-authenticate': challenge('The API key is malformed') } })
    },
    '`noAuthenticationHeader`, `invalidToken` with a `message`': async t => {
      const [none, invalid] = [{ say: 'missing' }, { say: 'unknown' }]
      const options = { token: KEY, noAuthenticationHeader: { message: none }, invalidToken: { message: invalid } }
      for (const [headers, expected] of [[{}, none], [bearer(WRONG_KEY), invalid]] as const) {
        t.same(JSON.parse((await hono(t, options, headers as Record<string, string>)).body), expected)
        t.same(JSON.parse((await here(t, { errorFormat: ({ reason }) => ({ say: reason }) }, headers)).body), expected)
      }
      const malformed = { authorization: 'Bearer a b' }
      t.match(await here(t, { errorFormat: ({ reason }) => ({ say: reason }) }, malformed), { body: '{"say":"malformed"}' })
      const expired = { keys: [{ key: KEY, expiresAt: new Date(0) }] }
      t.match(await here(t, { ...expired, errorFormat: ({ reason }) => ({ say: reason }) }), { body: '{"say":"expired"}' })
    },
    '`app.use(\'/api/*\', bearerAuth(…))`': async t => {
      t.match(await hono(t, { token: KEY }, {}, '/open'), { status: 200 })
      t.match(await hono(t, { token: KEY }, {}), { status: 401 })
      const { app } = harness(t)
      await app.register(async api => {
        await api.register(dbgptAuth, { env: { API_KEYS: KEY } })
        api.get('/me', () => 'ok')
      }, { prefix: '/api' })
      app.get('/open', () => 'open')
      for (const [url, status] of [['/open', 200], ['/api/me', 401]] as const) t.equal((await app.inject(url)).statusCode, status, url)
    }
  },
  'From passport-http-bearer': {
    '`(token, done) => done(null, user)`': async t => {
      t.match(await express5(t, knows), { status: 200, body: 'Ada' })
      t.match(await here(t, { keys: named }), { status: 200, body: 'Ada' })
      t.match(await here(t, { keys: { find: digest => named.find(digest) } }), { status: 200, body: 'Ada' })
    },
    '`done(null, false)`': async t => {
      t.match(await express5(t, knows, { headers: bearer(WRONG_KEY) }), { status: 401 })
      t.match(await here(t, { keys: { find: () => null } }), { status: 401 })
    },
    '`done(error)`: 500': async t => {
      t.match(await express5(t, (_token, done) => { done(new Error('down')) }), { status: 500 })
      for (const find of [() => { throw new Error('down') }, async () => { throw new Error('down') }]) {
        t.match(await here(t, { keys: { find } }), { status: 503, headers: { 'retry-after': '1' } })
      }
    },
    '`req.user`': async t => {
      t.match(await express5(t, knows), { body: 'Ada' })
      t.match(await here(t, { keys: named }), { body: 'Ada' })
    },
    '`passReqToCallback`': async t => {
      const verify = (...args: [request: { method: string }, token: string, done: Parameters<Verify>[1]]): void => {
        args[2](null, { name: args[0].method })
      }
      t.match(await express5(t, verify as never, undefined, { passReqToCallback: true }), { body: 'GET' })
      let given = 0
      await here(t, { keys: { find (...args) { given = args.length; return null } } })
      t.equal(given, 1)
    },
    '`realm`, `\'Users\'` by itself': async t => {
      t.match(await express5(t, knows, {}), { status: 401, headers: { 'www-authenticate': 'Bearer realm="Users"' } })
      t.match(await here(t, {}, {}), { headers: { 'www-authenticate': CHALLENGE } })
    },
    '`scope` is named in the challenge, and checked by nobody': async t => {
      const options = { scope: 'flows:read' }
      t.match(await express5(t, knows, {}, options), { headers: { 'www-authenticate': /scope="flows:read"/ } })
      t.match(await express5(t, knows, undefined, options), { status: 200 })
      t.match(await here(t, { keys: [{ key: KEY, scopes: [] }] }, bearer(), '/?scoped'), { status: 403 })
    },
    '`?access_token=`': async t => {
      t.match(await express5(t, knows, { query: `?access_token=${KEY}` }), { status: 200 })
      const { app, guard } = harness(t, { disableRequestLogging: true })
      await guard({ getKey: ({ query }) => (query as { access_token?: string }).access_token })
      app.get('/', () => 'ok')
      t.equal((await app.inject({ url: '/', query: { access_token: KEY } })).statusCode, 200)
    },
    '`access_token` in a body': async t => {
      const form = { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: `access_token=${KEY}` }
      t.match(await express5(t, knows, form), { status: 200 })
      const bodies: unknown[] = []
      const { app, guard } = harness(t)
      await guard({ getKey: ({ body }) => { bodies.push(body); return null } })
      app.post('/', () => 'ok')
      t.equal((await app.inject({ method: 'POST', url: '/', payload: { access_token: KEY } })).statusCode, 401)
      t.same(bodies, [undefined])
    }
  }
}

testRows(t, sections)
