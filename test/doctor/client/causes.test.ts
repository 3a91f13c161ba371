import type { OutgoingHttpHeaders } from 'node:http'
import { gzipSync } from 'node:zlib'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import dbgptAuth, { createApiKey, generateApiKey } from '../../../lib/index.ts'
import { KEY, WRONG_KEY } from '../../support/app.ts'
import { codesOf, examine, startGuarded, startWatched } from '../../support/examine-url.ts'

type Told = readonly [status: number, body: unknown, headers?: OutgoingHttpHeaders]

const JSON_TYPE = { 'content-type': 'application/json' }
const HTML_TYPE = { 'content-type': 'text/html' }
const BEARER = 'Bearer realm="DB-GPT", error="invalid_token", error_description="The API key is not valid"'
const OPENAI = '{"error":{"message":"","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}'

async function startTold (t: Test, [status, body, headers]: Told): Promise<string> {
  const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  const { url } = await startWatched(t, (_request, response) => {
    response.writeHead(status, { ...JSON_TYPE, ...headers }).end(bytes)
  })
  return url
}

t.test('what a key is instead, or has around it, is named first', async t => {
  const generated = generateApiKey()
  const server = await startGuarded(t, { keys: [KEY, generated] })
  const cases = [
    ['the id of a key', createApiKey(KEY).id, ['key_id']],
    ['the digest of a key', createApiKey(KEY).digest, ['key_unknown_hex']],
    ['a key of this project, cut', generated.slice(0, -3), ['key_mistyped']],
    ['a key of this project, in capitals', generated.toUpperCase(), ['key_mistyped']],
    ['a key of this project, as it is', generated, []],
    ['a key twice', KEY + KEY, ['key_several']],
    ['one quote', `"${KEY}`, ['key_quotes']],
    ['one quote of a word processor', `${KEY}\u201d`, ['key_quotes']],
    ['a line end that nothing has read', `${KEY}\\n`, ['key_newline']],
    ['a comment', `${KEY} # of the team`, ['key_comment']],
    ['another header', `X-API-Key: ${KEY}`, ['key_header']],
    ['another scheme', `Token ${KEY}`, ['key_header']],
    ['a file, as for curl', '@/run/secrets/key', ['key_file_name']],
    ['a file at home', '~/.dbgpt/key', ['key_file_name']],
    ['a template', '{{ api_key }}', ['key_placeholder']],
    ['what local servers are given', 'not-needed', ['key_placeholder']],
    ['stars', '***', ['key_placeholder']],
    ['a token of a login', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl', ['key_of_other']]
  ] as const
  for (const [name, key, codes] of cases) t.same(codesOf(await examine({ url: server.url, key })), codes, name)
  const asked = `${server.url}/v1/models?api_key=${KEY}`
  t.same(codesOf(await examine({ url: asked })), ['key_in_url'])
  t.same(codesOf(await examine({ url: asked, key: KEY })), [])
})

t.test('the words that an owner has put into an answer are not taken for the cause', async t => {
  for (const message of ['Has your trial expired?', 'missing, or malformed']) {
    t.same(codesOf(await examine({ url: (await startGuarded(t, { message })).url, key: WRONG_KEY })), ['key_unknown'], message)
  }
  const own = await startGuarded(t, { errorFormat: () => ({ why: 'no' }), keys: { find: async () => { throw new Error('down') } } })
  t.same(codesOf(await examine({ url: own.url, key: KEY })), ['store_unavailable'], 'a body of its own')
})

t.test('an app that answers by Fastify\'s own error is no vLLM', async t => {
  const app = Fastify()
  await app.register(dbgptAuth, { env: { API_KEYS: KEY }, addHook: false, logLevel: 'silent' })
  app.get('/api/x', { onRequest: (request, reply, done) => { app.verifyApiKey(request, reply, done) } }, async () => ({ x: 1 }))
  t.teardown(async () => await app.close())
  const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/api/x`
  t.same(codesOf(await examine({ url, key: WRONG_KEY })), ['key_unknown'])
  t.same(codesOf(await examine({ url, key: KEY })), [])
})

t.test('what answers in place of the API, or in its name, is told from it', async t => {
  const cases: readonly (readonly [code: string, told: Told])[] = [
    ['server_other', [403, { kind: 'Status', apiVersion: 'v1', status: 'Failure', message: 'forbidden: User "system:anonymous"', code: 403 }]],
    ['server_other', [403, '<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>', { 'content-type': 'application/xml' }]],
    ['server_other', [403, '', { server: 'AmazonS3' }]],
    ['server_other', [401, { error: { type: 'security_exception' } }, { 'www-authenticate': 'Basic realm="security"' }]],
    ['server_other', [200, { tagline: 'You Know, for Search' }]],
    ['server_other', [401, { message: 'Unauthorized', messageId: 'auth.unauthorized' }]],
    ['server_other', [200, 'It looks like you are trying to access MongoDB over HTTP on the native driver port.']],
    ['asks_password', [401, { error: 'Unauthorized', status: 401 }, { 'www-authenticate': 'Basic realm="Realm"' }]],
    ['quota_used_up', [429, { error: { message: 'You exceeded your current quota', type: 'insufficient_quota', code: 'insufficient_quota' } }]],
    ['quota_used_up', [400, { error: { message: 'Budget has been exceeded', type: 'budget_exceeded', code: '400' } }]],
    ['answer_unexpected', [400, { error: 'x' }]],
    ['answer_unexpected', [426, 'Upgrade Required', { 'content-type': 'text/plain' }]],
    ['answers_nothing', [200, '', { server: 'Caddy' }]],
    ['proxy_upstream_slow', [504, '<html><body><h1>504 Gateway Time-out</h1>\nThe server didn\'t respond in time.\n</body></html>', HTML_TYPE]],
    ['proxy_limits', [503, '<html><head><title>503 Service Temporarily Unavailable</title></head><center>nginx</center></html>', HTML_TYPE]],
    ['gateway_upstream_key', [502, { success: false, err_code: '502', err_msg: 'whoever runs it must set DBGPT_API_KEY', data: null }]]
  ]
  for (const [code, told] of cases) {
    const url = await startTold(t, told)
    for (const key of [KEY, undefined]) t.equal(codesOf(await examine({ url, key }))[0], code, JSON.stringify(told))
  }
})

t.test('a refusal says the most that can be known of it', async t => {
  const cases: readonly (readonly [code: string, told: Told])[] = [
    ['key_unknown', [401, gzipSync(OPENAI), { 'content-encoding': 'gzip', 'www-authenticate': BEARER }]],
    ['key_unknown_other', [401, gzipSync('{"error":"Unauthorized"}'), { 'content-encoding': 'gzip' }]],
    ['key_unknown', [401, 'no gzip', { 'content-encoding': 'gzip' }]],
    ['key_unknown', [401, OPENAI, { 'www-authenticate': `Basic realm="x", ${BEARER}` }]],
    ['key_unknown', [401, '<html>own page</html>', { ...HTML_TYPE, server: 'nginx', 'www-authenticate': BEARER }]],
    ['key_unknown_or_dropped', [401, '{"error":"no"}', { server: 'nginx' }]],
    ['key_unknown_or_dropped', [401, '{"error":"no"}', { via: '1.1 Caddy' }]],
    ['authorization_dropped', [401, { error: 'missing authorization header' }]],
    ['forbidden_alike', [403, 'Blocked request. This host is not allowed.', { 'content-type': 'text/plain' }]]
  ]
  for (const [code, told] of cases) t.equal(codesOf(await examine({ url: await startTold(t, told), key: KEY }))[0], code, `${told[0]} ${JSON.stringify(told[2])}`)
  const { url } = await startWatched(t, ({ headers }, response) => {
    response.writeHead(headers.authorization === undefined ? 401 : 403, JSON_TYPE).end(`{"error":"${headers.authorization === undefined ? 'no' : 'not you'}"}`)
  })
  t.same(codesOf(await examine({ url, key: KEY })), ['key_forbidden'])
})

t.test('logins are told apart by what they serve', async t => {
  const form = '<!doctype html>DB-GPT<form method="post" action="/login"><input type="password"></form>'
  const { url } = await startWatched(t, ({ headers }, response) => {
    response.writeHead(200, HTML_TYPE).end(headers.authorization === undefined ? form : '<!doctype html>You are logged in')
  })
  t.same(codesOf(await examine({ url: `${url}/login`, key: KEY })), ['gateway_login'])
  const jupyter = await startTold(t, [302, '', { location: '/login?next=%2Ftree', server: 'TornadoServer/6.4' }])
  t.match(await examine({ url: jupyter }), [{ code: 'login_page', message: /Jupyter/ }])
  const other = await startTold(t, [302, '', { location: '/login?next=%2F' }])
  t.notMatch((await examine({ url: other }))[0]?.message, /gateway/)
})

t.test('pages for every path beside an API are no part of it', async t => {
  const { url } = await startWatched(t, ({ url = '', headers }, response) => {
    if (!url.startsWith('/api/')) response.writeHead(200, HTML_TYPE).end('<!doctype html><div id="app"></div>')
    else response.writeHead(headers.authorization === `Bearer ${KEY}` ? 404 : 401, { ...JSON_TYPE, 'www-authenticate': BEARER }).end('{}')
  })
  t.same(codesOf(await examine({ url: `${url}/api/`, key: KEY })), [])
})

t.test('a path of OpenAI\'s at a DB-GPT is said to be none of its', async t => {
  const { url } = await startWatched(t, ({ url = '', headers }, response) => {
    const isGood = headers.authorization === `Bearer ${KEY}`
    const body = { success: isGood, err_code: isGood ? null : '401', err_msg: isGood ? null : OPENAI, data: [] }
    if (url.startsWith('/api/v2/serve/')) response.writeHead(isGood ? 200 : 401, JSON_TYPE).end(JSON.stringify(body))
    else response.writeHead(404, JSON_TYPE).end('{"detail":"Not Found"}')
  })
  t.equal(codesOf(await examine({ url: `${url}/v1/chat/completions`, key: KEY }))[0], 'dbgpt_path')
})

t.test('how another server answers pages is looked at only if a page is named', async t => {
  const { url } = await startWatched(t, ({ headers, method }, response) => {
    const isGood = method === 'OPTIONS' || headers.authorization === `Bearer ${KEY}`
    const error = '{"error":{"message":"Invalid API Key","type":"authentication_error","code":401}}'
    const star = { server: 'llama.cpp', 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' }
    response.writeHead(isGood ? 200 : 401, { ...JSON_TYPE, ...star }).end(isGood ? '{"data":[]}' : error)
  })
  t.same(codesOf(await examine({ url, key: KEY })), [])
  t.same(codesOf(await examine({ url, key: KEY, origin: 'https://page.example' })), ['cors_no_authorization'])
})
