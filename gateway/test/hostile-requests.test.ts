import type { OutgoingHttpHeaders } from 'node:http'
import net from 'node:net'
import t from 'tap'
import { bearer, KEY, WRONG_KEY } from '../../test/support/app.ts'
import { ask, logIn, sendForm } from './support/gateway-client.ts'
import { startRecordedGateway } from './support/recorder.ts'
import { provoke } from '../../test/support/socket.ts'

t.test('no request hides in another', async t => {
  const { port, seen } = await startRecordedGateway(t)
  const hidden = 'GET /hidden HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'
  const head = `host: a\r\nauthorization: Bearer ${KEY}\r\nconnection: close\r\n`
  for (const [title, bytes] of Object.entries({
    'Content-Length and Transfer-Encoding': `POST /a HTTP/1.1\r\n${head}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    'two lengths': `POST /a HTTP/1.1\r\n${head}content-length: 0\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`,
    'two lengths in one': `POST /a HTTP/1.1\r\n${head}content-length: 0, ${hidden.length}\r\n\r\n${hidden}`,
    'a length with a sign': `POST /a HTTP/1.1\r\n${head}content-length: +0\r\n\r\n${hidden}`,
    'a coding that is none': `POST /a HTTP/1.1\r\n${head}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
    'chunked, and then another': `POST /a HTTP/1.1\r\n${head}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`,
    'a blank before the colon': `POST /a HTTP/1.1\r\n${head}transfer-encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
    'a folded line': `POST /a HTTP/1.1\r\n${head}transfer-encoding:\r\n chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n${hidden}`,
    'a GET with a body': `GET /a HTTP/1.1\r\n${head}content-length: ${hidden.length}\r\n\r\n${hidden}`,
    'a chunk that lies': `POST /a HTTP/1.1\r\n${head}transfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n${hidden}`,
    'bare line feeds': `GET /a HTTP/1.1\nhost: a\nauthorization: Bearer ${KEY}\n\n${hidden}`,
    'a NUL in a header': `GET /a HTTP/1.1\r\n${head}x-a: b\0c\r\n\r\n`,
    'a carriage return in a header': `GET /a HTTP/1.1\r\n${head}x-a: b\rx-dbgpt-key-id: forged\r\n\r\n`,
    'no host': 'GET /a HTTP/1.1\r\nconnection: close\r\n\r\n',
    'two hosts': `GET /a HTTP/1.1\r\n${head}host: b\r\n\r\n`,
    'a body behind an upgrade': `GET /a HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nauthorization: Bearer ${KEY}\r\n\r\n${hidden}`,
    'an upgrade to nothing': `GET /a HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n${hidden}`
  })) {
    seen.length = 0
    const answer = await provoke(port, bytes)
    t.match(answer, /^HTTP\/1\.1 [2345]/, title)
    t.notMatch(answer, /^HTTP\/1\.1 5/, title)
    t.same(seen.filter(({ url, body, raw }) => url !== '/a' || raw.includes('forged') || body.includes('hidden')), [], title)
  }
})

t.test('a connection ends when its client says so', async t => {
  const { port } = await startRecordedGateway(t)
  for (const head of ['GET /v1/models HTTP/1.1\r\nconnection: close', 'GET /v1/models HTTP/1.0']) {
    const answer = await provoke(port, `${head}\r\nhost: a\r\nauthorization: Bearer ${KEY}\r\n\r\n`)
    t.match(answer, /^connection: close\r$/im, head)
  }
})

t.test('nothing that is too large ends the process', async t => {
  const { port, url, app, seen } = await startRecordedGateway(t)
  for (const [title, headers, expected] of [
    ['a cookie', `cookie: dbgpt-session=${'a'.repeat(20_000)}\r\n`, /^HTTP\/1\.1 431/],
    ['a header', `x-a: ${'a'.repeat(20_000)}\r\n`, /^HTTP\/1\.1 431/],
    ['a token', `authorization: Bearer ${'a'.repeat(10_000)}\r\n`, /^HTTP\/1\.1 401/],
    ['a cookie that just fits', `cookie: dbgpt-session=${'a'.repeat(15_000)}\r\n`, /^HTTP\/1\.1 401/],
    ['a thousand cookies', `cookie: ${'a=b; '.repeat(2500)}\r\n`, /^HTTP\/1\.1 401/],
    ['a thousand headers', 'x-a: b\r\n'.repeat(1500), /^HTTP\/1\.1 4(01|31)/] // Node 24 counts more of each header
  ] as const) {
    t.match(await provoke(port, `GET /v1/models HTTP/1.1\r\nhost: a\r\n${headers}connection: close\r\n\r\n`), expected, title)
  }
  t.match(await provoke(port, `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nhost: a\r\n\r\n`), /^HTTP\/1\.1 431/)
  t.match(await provoke(port, `GET /${'a'.repeat(15_000)} HTTP/1.1\r\nhost: a\r\naccept: text/html\r\nconnection: close\r\n\r\n`), /^HTTP\/1\.1 302/)
  t.match(await provoke(port, '\0\xff\x16\x03\x01 not HTTP at all\r\n\r\n'), /^HTTP\/1\.1 400/)
  t.same(seen, [])
  t.equal((await ask(`${url}/health`)).status, 200)
  t.ok(app.server.listening)
})

t.test('headers that never end are not waited for, and uploads are', async t => {
  const { app, port, url } = await startRecordedGateway(t)
  t.ok(app.server.headersTimeout > 0 && app.server.headersTimeout <= 60_000, String(app.server.headersTimeout))
  t.ok(app.server.requestTimeout > app.server.headersTimeout)
  t.ok(app.server.keepAliveTimeout > 0)
  // Many that are slow keep nobody from being served.
  const slow = Array.from({ length: 200 }, () => net.connect(port, '127.0.0.1'))
  for (const socket of slow) socket.on('error', () => {}).write('GET /v1/models HTTP/1.1\r\nhost: a\r\nx-a: ')
  t.equal((await ask(`${url}/v1/models`, { headers: bearer() })).status, 200)
  for (const socket of slow) socket.destroy()
})

const TRICKS = [
  '//', '//login', '//v1/models', '//evil.example/v1/models', '/..;/v1/models', '/login/..;/v1/models', '/%2e%2e/v1/models', '/..%2fv1/models',
  '/login/../v1/models', '/login/%2e%2e/v1/models', '/login/..%2fv1', '/login/..\\v1', '/\\evil.example/v1', '/\\/evil.example', '/login\\..\\v1',
  '/health/../v1/models', '/health/%2e%2e/v1/models', '/health%2f..%2fv1', '/health/', '/ready//', '/login/', '/login/x', '/LOGIN', '/Health', '/%2flogin',
  '/login%2f', '/login;/v1', '/login;a=b', '/health%00', '/login%20', '/login%0d%0a', '/login.json', '/./login/../v1', '/%2e/login/x', '/v1/%2e%2e/health',
  '/%252e%252e/health', '/.', '/..', '/%zz', '/%c0%ae%c0%ae/', '/%ff', '/login%ff', '/logout', '/static/../../etc/passwd', '/v1/models%3f/login',
  '/v1/models/login', '/api/../login/x', '/*', '/:', '/@evil.example', '/http://evil.example/', '/v1/models?/../login', '/?next=/login', '/#/login', '/x#/../login'
]

t.test('no path leads to DB-GPT without a key', async t => {
  const { port, url, seen } = await startRecordedGateway(t)
  for (const path of TRICKS) {
    for (const method of ['GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']) {
      const answer = await provoke(port, `${method} ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
      t.match(answer, /^HTTP\/1\.1 (200|303|400|401|404)/, `${method} ${path}`)
      t.notMatch(answer, /secret/, `${method} ${path}`)
    }
    const page = await provoke(port, `GET ${path} HTTP/1.1\r\nhost: a\r\naccept: text/html\r\nconnection: close\r\n\r\n`)
    const location = /^location: (.*)\r$/m.exec(page)?.[1]
    if (location !== undefined) t.match(location, /^\/(login\?next=[\w.%!~*'()-]+)?$/, path)
  }
  for (const target of [
    `${url}/v1/models`, 'http://evil.example/v1/models', 'http://a/login/../v1/models', 'http://a@evil.example/v1', 'HTTP://a/v1/models', 'https://a/v1',
    'ftp://a/v1/models', '*', 'a:443', 'v1/models', '?', 'http:/v1/models', 'http:///v1/models', 'http://'
  ]) {
    for (const method of ['GET', 'OPTIONS', 'POST', 'CONNECT']) {
      const answer = await provoke(port, `${method} ${target} HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
      t.match(answer, /^(HTTP\/1\.1 4\d\d|$)/, `${method} ${target}`)
    }
  }
  for (const path of TRICKS) {
    const answer = await provoke(port, [
      `GET ${path} HTTP/1.1`, 'host: a', 'connection: Upgrade', 'upgrade: websocket', 'sec-websocket-version: 13',
      'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==', '', ''
    ].join('\r\n'))
    t.notMatch(answer, /^HTTP\/1\.1 (101|5)/, path)
  }
  t.same(seen, [])
})

t.test('no path leads anywhere else but to DB-GPT, or to another path of it than was asked for', async t => {
  const { port, url, seen } = await startRecordedGateway(t)
  const head = `host: a\r\nauthorization: Bearer ${KEY}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`
  for (const target of [...TRICKS, `${url}/v1/models`, 'http://evil.example/v1/models', '*', 'v1/models']) {
    for (const method of ['GET', 'POST']) {
      seen.length = 0
      const answer = await provoke(port, `${method} ${target} HTTP/1.1\r\n${head}`)
      t.match(answer, /^HTTP\/1\.1 [234]/, `${method} ${target}`)
      for (const { url } of seen) t.notMatch(url.split('?')[0], /\/(\.|%2e){2}(\/|%2f|%5c|$)|^\/\/|\\/i, `${target} became ${url}`)
    }
  }
})

t.test('the forms of an absolute target fail nobody', async t => {
  const { port, url, seen } = await startRecordedGateway(t)
  const cookie = await logIn(url)
  for (const bytes of [
    `POST ${url}/login HTTP/1.1\r\nhost: a\r\norigin: http://a\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: ${4 + KEY.length}\r\nconnection: close\r\n\r\nkey=${KEY}`,
    `POST ${url}/logout HTTP/1.1\r\nhost: a\r\norigin: http://a\r\ncookie: ${cookie}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
    `GET ${url}/v1/models HTTP/1.1\r\nhost: a\r\ncookie: ${cookie}\r\nconnection: close\r\n\r\n`
  ]) t.match(await provoke(port, bytes), /^HTTP\/1\.1 [234]/, bytes.slice(0, bytes.indexOf(' HTTP')))
  t.same(seen, [])
})

t.test('a page of another origin does nothing with a session', async t => {
  const { url, port, seen } = await startRecordedGateway(t)
  const cookie = await logIn(url)
  const host = new URL(url).host
  const forbidden: Record<string, OutgoingHttpHeaders> = {
    'no origin': {},
    'an opaque origin': { origin: 'null' },
    'another origin': { origin: 'http://evil.example' },
    'another scheme': { origin: `https://${host}` },
    'another port': { origin: 'http://127.0.0.1:1' },
    'an origin that begins as ours': { origin: `${url}.evil.example` },
    'an origin in capitals': { origin: url.toUpperCase() },
    'an origin with a path': { origin: `${url}/` },
    'a blank origin': { origin: '' },
    'the same site': { 'sec-fetch-site': 'same-site' },
    'another site': { 'sec-fetch-site': 'cross-site' },
    'no site': { 'sec-fetch-site': 'none' },
    'another site and our origin': { origin: url, 'sec-fetch-site': 'cross-site' },
    'another origin and our site': { origin: 'http://evil.example', 'sec-fetch-site': 'same-origin' },
    'Basic credentials': { authorization: 'Basic eDp5' },
    'a scheme that begins as Bearer': { authorization: `Bearerx ${KEY}` },
    'Bearer and a tab': { authorization: `Bearer\t${KEY}` },
    'Bearer alone': { authorization: 'Bearer' },
    'a referer': { referer: `${url}/flows` },
    'another method by name': { 'x-http-method-override': 'GET' }
  }
  for (const [title, headers] of Object.entries(forbidden)) {
    t.test(`with ${title}`, async t => {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        t.equal((await ask(`${url}/api/v1/x`, { method, headers: { ...headers, cookie } })).status, 403, method)
      }
      t.equal((await ask(`${url}/logout`, { method: 'POST', headers: { ...headers, cookie } })).status, 403, 'logout')
      t.equal((await sendForm(url, { key: KEY }, { ...headers, cookie })).status, 403, 'login')
      const upgrade = Object.entries({ ...headers, cookie }).map(([name, value]) => `${name}: ${value}\r\n`).join('')
      t.match(await provoke(port, `GET /queue HTTP/1.1\r\nhost: ${host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n${upgrade}\r\n`),
        /^HTTP\/1\.1 403/, 'a WebSocket')
    })
  }
  t.test('nor logs anybody in', async t => {
    for (const headers of [{ origin: 'http://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'none' }]) {
      const answer = await sendForm(url, { key: KEY }, headers)
      t.equal(answer.status, 403, JSON.stringify(headers))
      t.equal(answer.headers['set-cookie'], undefined, JSON.stringify(headers))
    }
  })
  t.same(seen, [])
  t.test('but its own pages do, and programs with a key', async t => {
    for (const headers of [
      { cookie, origin: url }, { cookie, 'sec-fetch-site': 'same-origin' }, { cookie, origin: url, 'sec-fetch-site': 'same-origin' },
      { ...bearer(), cookie }, { ...bearer(), cookie, origin: 'http://evil.example' }, bearer(), { ...bearer(), origin: 'null' }
    ]) t.equal((await ask(`${url}/api/v1/x`, { method: 'POST', headers })).status, 200, Object.keys(headers).join(' and '))
    t.equal((await ask(`${url}/api/v1/x`, { headers: { cookie } })).status, 200)
  })
  t.test('and a wrong Bearer key does not fall back on the session', async t => {
    t.equal((await ask(`${url}/api/v1/x`, { headers: { ...bearer(WRONG_KEY), cookie } })).status, 401)
    t.equal((await ask(`${url}/api/v1/x`, { method: 'POST', headers: { ...bearer(WRONG_KEY), cookie, origin: url } })).status, 401)
  })
})
