import t from 'tap'
import { createApiKey, type ErrorFormatter } from '../../lib/index.ts'
import {
  bearer, BODY_401, BODY_503, CHALLENGE, challenge, harness, KEY, OTHER_KEY, WRONG_KEY
} from '../support/app.ts'
import { exchange, listen } from '../support/socket.ts'
import { shown } from '../support/shown.ts'

const expired = createApiKey({ key: OTHER_KEY, expiresAt: new Date(0) })

t.test('the answer on the wire is DB-GPT\'s', async t => {
  const { app, guard } = harness(t)
  await guard()
  const answer = await exchange(await listen(app), 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  const [head, body] = answer.split('\r\n\r\n') as [string, string]
  t.equal(body, BODY_401)
  const lines = head.split('\r\n').filter(line => !line.startsWith('Date: '))
  t.same(lines, [
    'HTTP/1.1 401 Unauthorized',
    `www-authenticate: ${CHALLENGE}`,
    'cache-control: no-store',
    'content-type: application/json',
    `content-length: ${BODY_401.length}`,
    'Connection: close'
  ])
})

t.test('each reason has its challenge and its log line, and one body serves all', async t => {
  const { app, guard, log } = harness(t)
  await guard({ keys: [KEY, { key: OTHER_KEY, expiresAt: new Date(0) }] })
  const cases = [
    [{}, CHALLENGE, { reason: 'missing' }],
    [{ authorization: 'Bearer' }, challenge('The API key is malformed'), { reason: 'malformed' }],
    [bearer(WRONG_KEY), challenge('The API key is not valid'), { reason: 'unknown' }],
    [bearer(OTHER_KEY), challenge('The API key has expired'), { reason: 'expired', keyId: expired.id }]
  ] as const
  for (const [headers, expected] of cases) {
    const { statusCode, headers: sent, body } = await app.inject({ url: '/', headers })
    t.equal(statusCode, 401, shown(headers))
    t.equal(sent['www-authenticate'], expected, shown(headers))
    t.equal(body, BODY_401, shown(headers))
  }
  const lines = log().filter(line => line.msg === 'API key rejected')
  t.same(lines.map(({ level, reason, keyId }) => ({ level, reason, ...keyId === undefined ? {} : { keyId } })),
    cases.map(([, , line]) => ({ level: 30, ...line })))
})

t.test('the log line says who asked for which route, never for which URL, also where requests are not logged', async t => {
  for (const disableRequestLogging of [false, true]) {
    const { app, guard, log } = harness(t, { disableRequestLogging, trustProxy: true })
    await guard({ keys: { find: digest => { if (digest === createApiKey(KEY).digest) throw new Error('down'); return null } } })
    app.post('/files/:token', () => 'ok')
    const headers = { 'x-forwarded-for': '203.0.113.9' }
    await app.inject({ method: 'POST', url: '/files/secret?key=secret', headers })
    await app.inject({ method: 'POST', url: '/files/secret?key=secret', headers: { ...headers, ...bearer() } })
    await app.inject({ url: '/unknown/secret', headers })
    const lines = log().filter(line => line.msg === 'API key rejected')
    const who = { method: 'POST', route: '/files/:token', ip: '203.0.113.9' }
    t.match(lines, [{ reason: 'missing', ...who }, { reason: 'unavailable', ...who }, { reason: 'missing', method: 'GET', route: undefined }])
    t.notMatch(JSON.stringify(lines), 'secret', shown(disableRequestLogging))
  }
})

t.test('a store that fails is answered 503, and its error goes to the log alone', async t => {
  for (const [thrown, told] of [[new Error('disk on fire'), /disk on fire/], ['a string', /a string/]] as const) {
    const { app, guard, log } = harness(t)
    await guard({ keys: { find () { throw thrown } }, logLevel: 'silent' })
    const { statusCode, headers, body } = await app.inject({ url: '/', headers: bearer() })
    t.equal(statusCode, 503, shown(thrown))
    t.match(headers, { 'retry-after': '1', 'cache-control': 'no-store', 'content-type': 'application/json' }, shown(thrown))
    t.notOk(headers['www-authenticate'], shown(thrown))
    t.equal(body, BODY_503, shown(thrown))
    const [line] = log().filter(line => line.msg === 'API key rejected')
    t.match(line, { level: 50, reason: 'unavailable', err: { code: 'FST_DBGPT_AUTH_KEY_STORE_UNAVAILABLE' } }, shown(thrown))
    t.match(JSON.stringify(line), told, shown(thrown))
  }
})

t.test('logLevel sets the level of the line, and silent makes none', async t => {
  for (const [logLevel, level] of [['warn', 40], ['trace', 10]] as const) {
    const { app, guard, log } = harness(t)
    await guard({ logLevel })
    await app.inject('/')
    t.match(log().filter(line => line.msg === 'API key rejected'), [{ level }], shown(logLevel))
  }
  const { app, guard, log } = harness(t)
  await guard({ logLevel: 'silent' })
  await app.inject('/')
  t.notOk(log().some(line => line.msg === 'API key rejected'))
})

t.test('a serializer of an earlier hook leaves the body alone, and the app\'s onSend hooks run', async t => {
  const { app, guard } = harness(t)
  app.addHook('onRequest', (_request, reply, done) => {
    reply.serializer(() => 'mangled')
    done()
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    reply.header('x-on-send', 'ran')
    done()
  })
  await guard()
  const { headers, body } = await app.inject('/')
  t.equal(headers['x-on-send'], 'ran')
  t.equal(body, BODY_401)
})

t.test('a formatter chooses by request, or writes a body of its own', async t => {
  const { app, guard } = harness(t)
  const errorFormat: ErrorFormatter = (info, request) => request.url === '/own' ? { ...info } : 'fastapi'
  await guard({ errorFormat, message: 'Ask ops' })
  t.equal((await app.inject('/')).body, `{"detail":${BODY_401.replace('""', '"Ask ops"')}}`)
  t.same((await app.inject('/own')).json(), {
    status: 401, reason: 'missing', message: 'Ask ops', type: 'invalid_request_error', code: 'invalid_api_key'
  })
})

t.test('a formatter that fails still refuses, in the default format', async t => {
  const cyclic: Record<string, unknown> = {}
  cyclic.self = cyclic
  const broken: readonly (() => unknown)[] = [
    () => { throw new Error('formatter broke') }, () => undefined, () => null, () => 'nonsense', () => 'toString', () => 7,
    async () => ({}), () => cyclic, () => ({ toJSON: () => undefined })
  ]
  for (const errorFormat of broken) {
    const { app, guard, log } = harness(t)
    await guard({ errorFormat: errorFormat as ErrorFormatter })
    const { statusCode, body } = await app.inject('/')
    t.equal(statusCode, 401, shown(errorFormat))
    t.equal(body, BODY_401, shown(errorFormat))
    t.ok(log().some(line => line.level === 50 && line.msg.startsWith('errorFormat failed')), shown(errorFormat))
  }
})
