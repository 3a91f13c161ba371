import type { OutgoingHttpHeaders } from 'node:http'
import t, { type Test } from 'tap'
import { generateApiKey } from '../../../lib/index.ts'
import { Asker } from '../../../lib/doctor/client/asker.ts'
import { judgeProxyFault } from '../../../lib/doctor/client/by-proxy.ts'
import { judgeFault } from '../../../lib/doctor/client/faults.ts'
import type { Fault } from '../../../lib/doctor/client/outcome.ts'
import { speaksTls } from '../../../lib/doctor/client/port.ts'
import { KEY } from '../../support/app.ts'
import { assertHarmless, codesOf, examine, hasKey, startGuarded, startWatched, type Watched } from '../../support/examine-url.ts'

interface Told {
  readonly status: number
  readonly body?: string | undefined
  readonly headers?: OutgoingHttpHeaders | undefined
}

const JSON_TYPE = { 'content-type': 'application/json' }
const HTML_TYPE = { 'content-type': 'text/html' }
const DETAIL = '{"detail":{"error":{"message":"","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}}'
const ENVELOPE = '{"success":false,"err_code":"401","err_msg":"{\'error\': {\'message\': \'\', \'type\': \'invalid_request_error\', \'param\': None, \'code\': \'invalid_api_key\'}}","data":null}'
const page = (title: string, rest = ''): string => `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n${rest}</body>\r\n</html>`

async function startTold (t: Test, { status, body, headers }: Told): Promise<Watched> {
  return await startWatched(t, (_request, response) => response.writeHead(status, { ...JSON_TYPE, ...headers }).end(body))
}

t.test('servers of other kinds are recognised by how they refuse', async t => {
  const error = (message: string, type: string, code: string | number | null): string => {
    return JSON.stringify({ error: { message, type, param: null, code } })
  }
  const cases: readonly (readonly [server: string, told: Told, code?: string])[] = [
    ['vLLM', { status: 401, body: '{"error":"Unauthorized"}' }],
    ['LiteLLM', { status: 401, body: error('Authentication Error, Invalid proxy server token passed', 'auth_error', '401') }],
    ['LiteLLM', { status: 401, body: '{}', headers: { 'x-litellm-version': '1' } }],
    ['LiteLLM', { status: 401, body: '{}', headers: { 'x-litellm-call-id': '1' } }],
    ['OpenAI', { status: 401, body: error('Incorrect API key provided: x. You can find your API key at https://platform.openai.com/account/api-keys.', 'invalid_request_error', 'invalid_api_key') }],
    ['OpenAI', { status: 401, body: '{}', headers: { 'openai-version': '2020-10-01' } }],
    ['OpenAI', { status: 401, body: '{}', headers: { 'openai-processing-ms': '1' } }],
    ['Anthropic', { status: 401, body: error('invalid x-api-key', 'authentication_error', null) }],
    ['llama.cpp', { status: 401, body: error('Invalid API Key', 'authentication_error', 401) }],
    ['llama.cpp', { status: 401, body: '{}', headers: { server: 'llama.cpp' } }],
    ['Azure OpenAI', { status: 401, body: error('Access denied due to invalid subscription key or wrong API endpoint.', '', '401') }],
    ['TGI', { status: 401, headers: { 'x-compute-type': 'gpu' } }]
  ]
  for (const [server, { status, body = '', headers }] of cases) {
    const { url, seen } = await startTold(t, { status, body, headers })
    const foreign = await examine({ url: `${url}/v1/models`, key: KEY })
    t.equal(codesOf(foreign)[0], 'key_unknown_other', body)
    t.match(foreign[0]?.message, server)
    assertHarmless(t, server, seen)
    t.equal(codesOf(await examine({ url, key: generateApiKey() }))[0], 'key_not_for_server', body)
  }
})

t.test('words for a key that is expired, not seen, not allowed or another\'s are understood', async t => {
  const cases: readonly (readonly [code: string, told: Told, key?: string])[] = [
    ['key_expired', { status: 401, body: '{"error":{"message":"Authentication Error - Expired Key. Key Expiry time","type":"expired_key","code":"400"}}' }],
    ['key_expired', { status: 401, body: '{"message":"token is expired"}' }],
    ['key_malformed', { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token", error_description="The token is malformed"' } }],
    ['authorization_dropped', { status: 401, body: '{}', headers: { 'www-authenticate': 'Bearer realm="DB-GPT"' } }],
    ['authorization_dropped', { status: 403, body: '{"detail":"Not authenticated"}' }],
    ['authorization_dropped', { status: 401, body: '{"detail":"Not authenticated"}', headers: { 'www-authenticate': 'Bearer' } }],
    ['authorization_dropped', { status: 401, body: '{"error":{"message":"You didn\'t provide an API key. You need to","type":"invalid_request_error","param":null,"code":null}}' }],
    ['key_scope', { status: 403, headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' } }],
    ['forbidden_alike', { status: 403, body: '{"message":"no"}' }],
    ['key_unknown', { status: 401, body: '[1]' }],
    ['key_of_other', { status: 401, body: DETAIL }, `sk-${KEY}`],
    ['key_of_other', { status: 401, body: '{"error":"Unauthorized"}' }, `hf_${KEY}`]
  ]
  for (const [code, { status, body = '', headers }, key = KEY] of cases) {
    const { url } = await startTold(t, { status, body, headers })
    t.equal(codesOf(await examine({ url: `${url}/v1/models`, key }))[0], code, body)
  }
})

t.test('what a proxy, a login or a server in trouble answers is no word on the key', async t => {
  const cases: readonly (readonly [code: string, told: Told])[] = [
    ['proxy_basic', { status: 401, body: page('401 Authorization Required', '<center>nginx</center>'), headers: { ...HTML_TYPE, 'www-authenticate': 'Basic realm="x"' } }],
    ['proxy_basic', { status: 401, body: '', headers: { 'www-authenticate': 'Basic realm="x"' } }],
    ['proxy_refuses', { status: 401, body: page('401 Authorization Required', '<hr><center>nginx</center>'), headers: HTML_TYPE }],
    ['proxy_refuses', { status: 403, body: page('Attention Required! | Cloudflare'), headers: HTML_TYPE }],
    ['proxy_refuses', { status: 403, body: 'RBAC: access denied', headers: { 'content-type': 'text/plain' } }],
    ['proxy_refuses', { status: 403, headers: { server: 'Caddy' } }],
    ['proxy_refuses', { status: 403, body: '<html>no</html>', headers: { ...HTML_TYPE, server: 'Apache/2.4' } }],
    ['proxy_upstream_down', { status: 502, body: page('502 Bad Gateway', '<center>nginx</center>'), headers: HTML_TYPE }],
    ['proxy_upstream_down', { status: 503, body: '<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>', headers: HTML_TYPE }],
    ['proxy_upstream_down', { status: 503, body: 'upstream connect error or disconnect/reset before headers', headers: { 'content-type': 'text/plain' } }],
    ['proxy_upstream_down', { status: 502, headers: { server: 'Caddy' } }],
    ['proxy_upstream_down', { status: 522, body: '<html>Cloudflare</html>', headers: HTML_TYPE }],
    ['proxy_too_large', { status: 431 }],
    ['proxy_too_large', { status: 413 }],
    ['proxy_too_large', { status: 400, body: page('400 Request Header Or Cookie Too Large', '<center>nginx</center>'), headers: HTML_TYPE }],
    ['proxy_answers', { status: 418, body: '<center>nginx</center>', headers: HTML_TYPE }],
    ['proxy_answers', { status: 407 }],
    ['https_port', { status: 400, body: 'Client sent an HTTP request to an HTTPS server.\n' }],
    ['tls_client_certificate', { status: 400, body: page('400 No required SSL certificate was sent'), headers: HTML_TYPE }],
    ['login_page', { status: 200, body: '<form action="/login"><input name=p type="password"></form>', headers: HTML_TYPE }],
    ['gateway_login', { status: 200, body: '<!doctype html>DB-GPT<form method="post" action="/login"><input type="password">' }],
    ['login_page', { status: 403, body: '<html>Authelia <input type=password>', headers: HTML_TYPE }],
    ['login_page', { status: 401, body: '<a href="https://auth.example.com/?rd=x">401 Unauthorized</a>', headers: HTML_TYPE }],
    ['closing', { status: 503, body: '{"status":"closing"}' }],
    ['auth_off_other', { status: 200, body: '{"data":[{"owned_by": "vllm"}]}' }],
    ['not_api', { status: 200, body: '<!doctype html><h1>A site</h1>', headers: HTML_TYPE }],
    ['path_wrong', { status: 404, body: page('404 Not Found', '<center>nginx</center>'), headers: HTML_TYPE }],
    ['rate_limited', { status: 429, headers: { 'retry-after': '7' } }],
    ['rate_limited', { status: 429, headers: { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' } }],
    ['store_unavailable', { status: 503, body: ENVELOPE.replace('invalid_api_key', 'key_store_unavailable') }],
    ['closing', { status: 503, body: '{"error":"Service Unavailable","message":"Service Unavailable","statusCode":503}' }],
    ['starting', { status: 503, body: '{"error":{"message":"Loading model","type":"unavailable_error","code":503}}' }],
    ['starting', { status: 503, body: 'starting up' }],
    ['unavailable', { status: 503, body: '{}' }],
    ['server_error', { status: 500, body: '{"error":"x"}' }],
    ['gateway_upstream', { status: 502, body: '{"error":{"message":"m","type":"server_error","param":null,"code":"upstream_unavailable"}}' }],
    ['gateway_upstream', { status: 504, body: '{"success":false,"err_code":"504","err_msg":"DB-GPT did not answer","data":null}' }],
    ['gateway_upstream_key', { status: 502, body: '{"error":{"message":"m","type":"server_error","param":null,"code":"upstream_unauthorized"}}' }],
    ['http2_only', { status: 403, body: 'Unknown ALPN Protocol, expected `h2` to be available.' }],
    ['ollama_open', { status: 200, body: 'Ollama is running', headers: { 'content-type': 'text/plain' } }],
    ['auth_off_other', { status: 200, body: '{}', headers: { 'x-litellm-version': '1' } }],
    ['dbgpt_open', { status: 200, body: '{"success":true,"err_code":null,"err_msg":null,"data":[]}' }],
    ['cannot_tell', { status: 405, body: '{"detail":"Method Not Allowed"}' }]
  ]
  for (const [code, { status, body = '', headers }] of cases) {
    const { url, seen } = await startTold(t, { status, body, headers })
    for (const key of [KEY, undefined]) {
      seen.length = 0
      t.equal(codesOf(await examine({ url: `${url}/v1/models`, key }))[0], code, `${status} ${body}`)
      assertHarmless(t, body, seen)
    }
  }
})

t.test('a DB-GPT is told from what only answers like it, and what of it is open', async t => {
  const start = async (isOn: boolean, isOpen: boolean): Promise<string> => (await startWatched(t, ({ url = '', headers }, response) => {
    const isGood = headers.authorization === `Bearer ${KEY}` || !isOn
    const data = '{"success":true,"err_code":null,"err_msg":null,"data":[]}'
    if (url === '/') response.writeHead(200, HTML_TYPE).end('<html>DB-GPT</html>')
    else if (url === '/api/v1/model/types' && isOpen) response.writeHead(200, JSON_TYPE).end(data)
    else if (url.startsWith('/api/v2/serve/')) response.writeHead(isGood ? 200 : 401, JSON_TYPE).end(isGood ? data : ENVELOPE)
    else response.writeHead(404, JSON_TYPE).end('{"detail":"Not Found"}')
  })).url
  const open = await start(true, true)
  t.same(codesOf(await examine({ url: open, key: KEY })), ['dbgpt_v1_open', 'dbgpt_ui'], 'a good key')
  t.same(codesOf(await examine({ url: open })), ['dbgpt_keys_on', 'dbgpt_v1_open', 'dbgpt_ui'], 'no key')
  t.same(codesOf(await examine({ url: `${open}/api/v1/model/types`, key: `${KEY}x` })), ['key_unknown', 'dbgpt_v1_open', 'dbgpt_ui'], 'a bad one')
  t.same(codesOf(await examine({ url: await start(true, false), key: KEY })), ['dbgpt_ui'])
  t.same(codesOf(await examine({ url: await start(false, true), key: KEY })), ['dbgpt_open'])
})

t.test('DB-GPT\'s model API is healthy for who has a key, whichever of its URLs is named', async t => {
  const { url } = await startWatched(t, ({ url = '', headers }, response) => {
    const isGood = headers.authorization === `Bearer ${KEY}`
    if (url === '/api/v1/models') response.writeHead(isGood ? 200 : 401, JSON_TYPE).end(isGood ? '{"data":[]}' : DETAIL)
    else if (url === '/api/v1/chat/completions') response.writeHead(405, JSON_TYPE).end('{"detail":"Method Not Allowed"}')
    else response.writeHead(404, JSON_TYPE).end('{"detail":"Not Found"}')
  })
  for (const path of ['/api/v1', '/api/v1/', '/api/v1/models', '/api/v1/chat/completions']) {
    t.same(codesOf(await examine({ url: url + path, key: KEY })), [], path)
    t.same(codesOf(await examine({ url: url + path })), ['key_not_given'], path)
  }
})

t.test('a cache that hands out what was answered to a key is found, and one of public answers is none', async t => {
  for (const [hit, isPublic] of [[{ age: '3' }, false], [{ 'x-cache': 'HIT from a cache' }, false], [{ age: '3' }, true]] as const) {
    const { url } = await startWatched(t, ({ url = '', headers }, response) => {
      const isGood = headers.authorization === `Bearer ${KEY}`
      const isCached = url === '/v1/models' || url === '/v1/models?a=b' || (isPublic && url.startsWith('/v1/models?'))
      response.writeHead(isGood || isCached ? 200 : 401, { ...JSON_TYPE, ...isCached ? hit : {} }).end('{"a":1}')
    })
    for (const path of ['/v1/models', '/v1/models?a=b']) t.same(codesOf(await examine({ url: url + path, key: KEY })), isPublic ? [] : ['cached_answer'])
  }
  let cached = false
  const { url } = await startWatched(t, ({ headers }, response) => {
    cached ||= headers.authorization === `Bearer ${KEY}`
    response.writeHead(cached ? 200 : 401, JSON_TYPE).end(cached ? '{"data":[1]}' : '{"error":"x"}')
  })
  t.same(codesOf(await examine({ url, key: KEY })), ['cached_answer'], 'one that is filled by the key')
})

t.test('an empty answer to a good key is warned of, but where nothing else is expected', async t => {
  const { url } = await startWatched(t, ({ headers }, response) => response.writeHead(headers.authorization === `Bearer ${KEY}` ? 200 : 401).end())
  t.same(codesOf(await examine({ url: `${url}/v1/models`, key: KEY })), ['answer_empty'])
  t.same(codesOf(await examine({ url: `${url}/health`, key: KEY })), [])
})

t.test('a login as a page that lets a key pass is none', async t => {
  const { url, seen } = await startWatched(t, ({ headers }, response) => {
    const isGood = headers.authorization === `Bearer ${KEY}`
    response.writeHead(200, isGood ? JSON_TYPE : HTML_TYPE).end(isGood ? '{"data":[]}' : '<input type="password">')
  })
  t.same(codesOf(await examine({ url: `${url}/v1/models`, key: KEY })), [])
  t.ok(seen.some(hasKey))
})

t.test('the gateway is recognised by what it serves to everybody', async t => {
  const { url } = await startGuarded(t, {}, app => {
    app.get('/login/badge.css', { config: { apiKey: false } }, async () => '#dbgpt-gateway-badge {}')
  })
  t.match(await examine({ url, key: KEY }), [{ code: 'key_good' }, { code: 'server' }, { code: 'gateway' }])
})

t.test('a key that a proxy drops and another header brings through is both', async t => {
  const challenge = { ...JSON_TYPE, 'www-authenticate': 'Bearer realm="DB-GPT"' }
  const { url } = await startWatched(t, ({ headers }, response) => {
    const isGood = headers['x-api-key'] === KEY
    response.writeHead(isGood ? 200 : 401, challenge).end(isGood ? '{"data":[]}' : DETAIL)
  })
  t.same(codesOf(await examine({ url: `${url}/v1/models`, key: KEY })), ['key_accepted_otherwise', 'authorization_dropped'])
})

t.test('a server that answers only some of the questions is judged by these', async t => {
  type Answers = (method: string, url: string, key: string | undefined) => number
  const some = async (answers: Answers): Promise<string> => (await startWatched(t, (request, response) => {
    const status = answers(String(request.method), String(request.url), request.headers.authorization)
    if (status === 0) request.socket.destroy()
    else response.writeHead(status, JSON_TYPE).end('{"data":[]}')
  })).url
  const guarded = (key?: string): number => key === `Bearer ${KEY}` ? 200 : 401
  const cases = [
    ['no preflight', await some((method, _url, key) => method === 'OPTIONS' ? 0 : guarded(key)), []],
    ['nothing with a key', await some((_method, _url, key) => key === undefined ? 401 : 0), ['connection_closed']],
    ['one path', await some((_method, url) => url === '/v1/models' ? 200 : 0), ['auth_off']],
    ['nothing at all', await some(() => 404), ['path_wrong']]
  ] as const
  for (const [name, url, codes] of cases) t.same(codesOf(await examine({ url: `${url}/v1/models`, key: KEY })), codes, name)
  const health = await some((_method, url) => url === '/health' ? 200 : 404)
  t.same(codesOf(await examine({ url: `${health}/health`, key: KEY })), ['cannot_tell'])
})

t.test('no more than fifteen requests are made, within a minute', async t => {
  const { url, seen } = await startWatched(t, (_request, response) => response.end())
  const asker = new Asker(new URL(url), 2000)
  for (let count = 0; count < 20; count++) await asker.ask('//elsewhere.example/')
  t.equal(seen.length, 15)
  t.ok(seen.every(request => request.url === '//elsewhere.example/'), 'a path is never taken for a host')
  const limited = await asker.ask('/')
  t.same(limited, { stage: 'limit', code: 'LIMIT' })
  t.equal(judgeProxyFault(limited as Fault, 'http_proxy'), undefined)
  t.match(await judgeFault({ stage: 'answer', code: 'ECONNRESET' }, asker), { code: 'connection_closed' })
  t.match(await judgeFault({ stage: 'connect', code: 'EACCES' }, asker), { code: 'unreachable' })
  t.match(await judgeFault({ stage: 'tls', code: 'CERT_HAS_EXPIRED' }, asker), { code: 'tls_expired' })
  t.equal(asker.plain().url.port, new URL(url).port)
  t.equal(new Asker(new URL('https://h'), 1).plain().url.href, 'http://h:443/')
  // Something may listen there, or nothing.
  for (const scheme of ['http', 'https']) t.type(await speaksTls(new URL(`${scheme}://127.0.0.1`), 300), 'boolean')
  const late = new Asker(new URL(url), 2000, { left: 9, endsAt: 0, timeoutMs: 2000 })
  t.match(await late.ask('/'), { stage: 'limit' })
})
