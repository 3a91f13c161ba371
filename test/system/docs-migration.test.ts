import bearerAuth, { type FastifyBearerAuthOptions } from '@fastify/bearer-auth'
import t, { type Test } from 'tap'
import { bearer, BODY_401, CHALLENGE, harness, KEY, OTHER_KEY, rejection, WRONG_KEY } from '../support/app.ts'
import { outcome, testRows, type Trial } from '../support/migration.ts'

type Headers = Record<string, string>

/** What @fastify/bearer-auth answers. */
async function there (t: Test, options: FastifyBearerAuthOptions, headers: Headers = bearer()): Promise<string> {
  const { app } = harness(t)
  await app.register(bearerAuth, { verifyErrorLogLevel: 'info', ...options })
  app.get('/', () => 'ok')
  return String((await app.inject({ url: '/', headers })).statusCode)
}

const production = { NODE_ENV: 'production' }
const ownCheck: Readonly<Record<string, Trial>> = {
  'two spaces after `Bearer`': async t => {
    t.equal(await outcome(t, {}, { authorization: `Bearer  ${KEY}` }), '200')
  },
  '`API_KEYS=a,,b`': async t => {
    t.equal(await outcome(t, { env: { API_KEYS: `a,,${KEY}` } }), '200')
    t.equal(await outcome(t, { env: { API_KEYS: `a,,${KEY}` } }, { authorization: 'Bearer ' }), '401')
  },
  '`API_KEYS=a b`': async t => {
    t.equal(await outcome(t, { env: { API_KEYS: 'a b' } }), 'FST_DBGPT_AUTH_KEY_INVALID')
  },
  'no `API_KEYS` in production': async t => {
    t.equal(await outcome(t, { env: production }), 'FST_DBGPT_AUTH_KEYS_REQUIRED')
    t.equal(await outcome(t, { env: { ...production, API_AUTH: 'off' } }, {}), '200')
  },
  '`API_KEYS=dbgpt` in production': async t => {
    const env = { ...production, API_KEYS: 'dbgpt' }
    t.equal(await outcome(t, { env }), 'FST_DBGPT_AUTH_KEY_WEAK')
    t.equal(await outcome(t, { env, allowWeakKeys: true }, bearer('dbgpt')), '200')
  },
  'unknown URLs': async t => {
    t.equal(await outcome(t, {}, {}, '/unknown'), '401')
    t.equal(await outcome(t, {}, bearer(), '/unknown'), '404')
  },
  '`[system] api_keys = ["a", "b"]` in its TOML': async t => {
    for (const options of [{ env: { API_KEYS: `${KEY},${OTHER_KEY}` } }, { keys: [KEY, OTHER_KEY] }]) {
      for (const key of [KEY, OTHER_KEY]) t.equal(await outcome(t, options, bearer(key)), '200')
    }
  },
  'the 401': async t => {
    const { app, guard } = harness(t)
    await guard()
    const { headers, body } = await app.inject('/')
    t.match(headers, { 'www-authenticate': CHALLENGE, 'cache-control': 'no-store' })
    t.equal(body, BODY_401)
  }
}

const bearerAuthOfFastify: Readonly<Record<string, Trial>> = {
  '`keys` as a Set or an array': async t => {
    for (const keys of [new Set([KEY]), [KEY]]) t.equal(await there(t, { keys }), '200')
    t.equal(await outcome(t, { keys: [KEY] }), '200')
  },
  '`keys: []` lets nobody in': async t => {
    t.equal(await there(t, { keys: [] }), '401')
    t.equal(await outcome(t, { keys: [] }, {}), '200')
    t.equal(await outcome(t, { keys: [], mode: 'on' }), 'FST_DBGPT_AUTH_KEYS_REQUIRED')
    t.equal(await outcome(t, { keys: [], env: production }), 'FST_DBGPT_AUTH_KEYS_REQUIRED')
  },
  '`auth: (key, request) => boolean`': async t => {
    t.equal(await there(t, { keys: [], auth: key => key === KEY }), '200')
    const given: unknown[] = []
    await outcome(t, { keys: { find (...args) { given.push(...args); return null } } })
    t.match(given, [/^[0-9a-f]{64}$/])
    t.equal(given.length, 1)
  },
  '`errorResponse: error => body`': async t => {
    const { app, guard } = harness(t)
    await guard({ errorFormat: ({ reason }) => ({ reason }) })
    const { headers, body } = await app.inject('/')
    t.match(headers['content-type'], 'application/json')
    t.equal(body, '{"reason":"missing"}')
  },
  '`addHook: false`, `verifyBearerAuth`': async t => {
    t.equal(await there(t, { keys: [KEY], addHook: false }, {}), '200')
    t.equal(await outcome(t, { addHook: false }, {}), '200')
    const { app, guard } = harness(t)
    await guard({ addHook: false })
    app.get('/', { onRequest: app.verifyApiKey }, () => 'ok')
    t.equal((await app.inject('/')).statusCode, 401)
  },
  '`addHook: \'preParsing\'`': async t => {
    t.match(await rejection(harness(t).guard({ addHook: 'preParsing' as never })), { code: 'FST_DBGPT_AUTH_OPTION' })
  },
  '`verifyErrorLogLevel`, `\'error\'` by itself': async t => {
    for (const [options, levels] of [[{}, [30]], [{ logLevel: 'silent' }, []]] as const) {
      const { app, guard, log } = harness(t)
      await guard(options)
      await app.inject('/')
      t.same(log().filter(({ msg }) => msg === 'API key rejected').map(({ level }) => level), levels)
    }
  },
  '`bearerType`': async t => {
    t.equal(await there(t, { keys: [KEY], bearerType: 'Token' }, { authorization: `Token ${KEY}` }), '200')
    t.equal(await outcome(t, { getKey: ({ headers }) => headers.authorization?.replace('Token ', '') }, { authorization: `Token ${KEY}` }), '200')
  },
  '`specCompliance: \'rfc6749\'`': async t => {
    const headers = { authorization: `bEARER ${KEY}` }
    t.equal(await there(t, { keys: [KEY] }, headers), '401')
    t.equal(await there(t, { keys: [KEY], specCompliance: 'rfc6749' }, headers), '200')
    t.equal(await outcome(t, {}, headers), '200')
    t.equal(await outcome(t, {}, bearer(WRONG_KEY)), '401')
  }
}

testRows(t, { 'From DB-GPT\'s own check': ownCheck, 'From @fastify/bearer-auth': bearerAuthOfFastify })
