import auth from '@fastify/auth'
import t from 'tap'
import { createApiKey, type VerificationError } from '../../lib/index.ts'
import { bearer, CHALLENGE, challenge, harness, KEY, OTHER_KEY, WRONG_KEY } from '../support/app.ts'
import { shown } from '../support/shown.ts'

t.test('verifyApiKey checks, and sends, logs and decides nothing else', async t => {
  const { app, guard, log } = harness(t)
  await guard({ addHook: false, keys: [KEY, { key: OTHER_KEY, expiresAt: new Date(0) }] })
  const config = { apiKey: false }
  app.get('/', { config, onRequest: app.verifyApiKey }, request => request.apiKey?.id)
  app.get('/open', () => 'open')
  t.equal((await app.inject('/open')).body, 'open', 'nothing is checked that does not ask for it')
  t.equal((await app.inject({ url: '/', headers: bearer() })).statusCode, 200)
  const cases = [
    [{}, CHALLENGE],
    [{ authorization: 'Bearer' }, challenge('The API key is malformed')],
    [bearer(WRONG_KEY), challenge('The API key is not valid')],
    [bearer(OTHER_KEY), challenge('The API key has expired')]
  ] as const
  for (const [headers, expected] of cases) {
    const refused = await app.inject({ url: '/', headers })
    t.equal(refused.statusCode, 401, shown(headers))
    t.equal(refused.headers['www-authenticate'], expected, shown(headers))
    t.equal(refused.headers['cache-control'], 'no-store', shown(headers))
    t.same(refused.json(), {
      statusCode: 401, code: 'FST_DBGPT_AUTH_UNAUTHORIZED', error: 'Unauthorized', message: 'A valid API key is required'
    }, shown(headers))
  }
  t.notOk(log().some(line => line.msg === 'API key rejected'))
})

t.test('verifyApiKey passes on an error that says why', async t => {
  const { app, guard } = harness(t)
  let failing = false
  const known = createApiKey(KEY)
  await guard({ addHook: false, keys: { find: () => { if (failing) throw new Error('down'); return known } } })
  const errors: unknown[] = []
  app.setErrorHandler((error, _request, reply) => { errors.push(error); reply.send('handled') })
  app.get('/', { preHandler: app.verifyApiKey }, () => 'ok')
  t.equal((await app.inject('/')).statusCode, 401)
  failing = true
  const unavailable = await app.inject({ url: '/', headers: bearer() })
  t.equal(unavailable.statusCode, 503)
  t.match(errors, [
    { statusCode: 401, reason: 'missing', headers: { 'www-authenticate': CHALLENGE } },
    { statusCode: 503, reason: 'unavailable', headers: { 'retry-after': '1' }, cause: { message: 'down' } }
  ])
})

t.test('the error answers as the hook would have, with body, headers and log line', async t => {
  const { app, guard, log } = harness(t)
  await guard({ addHook: false, errorFormat: 'dbgpt', message: 'Ask ops', keys: { find: () => { throw new Error('down') } } })
  app.setErrorHandler((error, _request, reply) => { (error as VerificationError).send(reply) })
  app.get('/', { preHandler: app.verifyApiKey }, () => t.fail('the handler ran'))
  for (const [headers, status, reason] of [[{}, 401, 'missing'], [bearer(), 503, 'unavailable']] as const) {
    const { statusCode, headers: sent, body } = await app.inject({ url: '/', headers })
    t.equal(statusCode, status)
    t.match(sent, { 'content-type': /^application\/json$/, 'cache-control': 'no-store' }, shown(headers))
    t.match(body, new RegExp(`^{"success":false,"err_code":"${status}","err_msg":"{'error': {'message': 'Ask ops'`), shown(headers))
    t.match(log().filter(line => line.msg === 'API key rejected').at(-1), { reason, method: 'GET', route: '/' }, shown(headers))
  }
})

t.test('verifyApiKey works with @fastify/auth, by "or" and by "and"', async t => {
  const { app, guard } = harness(t)
  await app.register(auth)
  await guard({ addHook: false })
  const teapot = (request: { headers: Record<string, unknown> }, _reply: unknown, done: (error?: Error) => void): void => {
    done(request.headers['x-teapot'] === undefined ? new Error('no teapot') : undefined)
  }
  app.get('/or', { preHandler: app.auth([app.verifyApiKey, teapot]) }, () => 'ok')
  app.get('/and', { preHandler: app.auth([app.verifyApiKey, teapot], { relation: 'and' }) }, () => 'ok')
  const statusOf = async (url: string, headers: Record<string, string>): Promise<number> =>
    (await app.inject({ url, headers })).statusCode
  t.equal(await statusOf('/or', {}), 401)
  t.equal(await statusOf('/or', bearer()), 200)
  t.equal(await statusOf('/or', { 'x-teapot': '1' }), 200)
  t.equal(await statusOf('/or', { ...bearer(WRONG_KEY), 'x-teapot': '1' }), 200)
  t.equal(await statusOf('/and', bearer()), 401)
  t.equal(await statusOf('/and', { 'x-teapot': '1' }), 401)
  t.equal(await statusOf('/and', { ...bearer(), 'x-teapot': '1' }), 200)
})

t.test('with explain the error says what to do, and the answer that it sends, too; a message that is given wins', async t => {
  for (const [options, texts] of [
    [{ explain: true }, [/^No API key was sent: /, /^API keys cannot be checked just now, /]],
    [{ explain: true, message: 'Ask ops' }, [/^Ask ops$/, /^Ask ops$/]],
    [{ explain: true, message: '' }, [/^A valid API key is required$/, /^The key store is unavailable$/]],
    [{ message: 'Ask ops' }, [/^A valid API key is required$/, /^The key store is unavailable$/]]
  ] as const) {
    const { app, guard } = harness(t)
    await guard({ addHook: false, keys: { find: () => { throw new Error('down') } }, ...options })
    app.get('/', { onRequest: app.verifyApiKey }, () => t.fail('the handler ran'))
    app.get('/sent', {
      onRequest: app.verifyApiKey,
      errorHandler: (error, _request, reply) => { (error as unknown as VerificationError).send(reply) }
    }, () => t.fail('the handler ran'))
    for (const [index, headers] of [{}, bearer()].entries()) {
      t.match((await app.inject({ url: '/', headers })).json(), { message: texts[index] }, shown(options))
      const sent = (await app.inject({ url: '/sent', headers })).json()
      t.match(sent.error.message, 'message' in options ? new RegExp(`^${options.message}$`) : texts[index], shown(options))
    }
  }
})
