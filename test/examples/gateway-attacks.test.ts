import { createHmac } from 'node:crypto'
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { safePath } from '../../examples/gateway/login.ts'
import { createApiKey } from '../../lib/index.ts'
import { bearer, KEY, OTHER_KEY, WRONG_KEY } from '../support/app.ts'
import { type Gateway, SETTINGS, startGateway } from '../support/gateway.ts'
import { type Answer, ask, startServer } from '../support/upstream.ts'

const ID = createApiKey(KEY).id

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly raw: readonly string[]
  readonly body: string
}

interface Attacked extends Gateway {
  readonly port: number
  /** What DB-GPT has been asked. */
  readonly seen: Seen[]
}

/** Starts a gateway in front of an upstream that records what it is asked. */
async function start (t: Test, options: Parameters<typeof startGateway>[1] = {}): Promise<Attacked> {
  const seen: Seen[] = []
  const { server, upstream } = await startServer(t, async (request, response) => {
    let body = ''
    try {
      for await (const chunk of request) body += String(chunk)
    } catch {} // a request that the gateway has cut off
    const { method = '', url = '', headers, rawHeaders: raw } = request
    seen.push({ method, url, headers, raw, body })
    response.end('secret')
  })
  server.on('upgrade', ({ method = '', url = '', headers, rawHeaders: raw }, socket) => {
    seen.push({ method, url, headers, raw, body: '' })
    socket.destroy()
  })
  const gateway = await startGateway(t, { maxAttempts: 1000, ...options, upstream })
  return { ...gateway, port: (gateway.app.server.address() as AddressInfo).port, seen }
}

/** Sends bytes and reads until the gateway ends the connection; what it leaves open for a second, it waits for. */
async function exchange (port: number, bytes: string): Promise<string> {
  const socket = net.connect(port, '127.0.0.1')
  socket.setTimeout(1000, () => socket.destroy())
  socket.on('error', () => {})
  socket.write(bytes, 'latin1')
  let answer = ''
  socket.on('data', chunk => { answer += chunk.toString('latin1') })
  await new Promise(resolve => socket.once('close', resolve))
  return answer
}

/** Sends the login form. */
async function sendForm (
  url: string, form: string | Record<string, string>, headers: OutgoingHttpHeaders = { origin: url }
): Promise<Answer> {
  const body = String(new URLSearchParams(form))
  return await ask(`${url}/login`, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers }, body })
}

function cookieOf ({ headers }: Answer): string {
  return headers['set-cookie']?.[0]?.split(';')[0] ?? ''
}

async function logIn (url: string, headers?: OutgoingHttpHeaders): Promise<string> {
  return cookieOf(await sendForm(url, { key: KEY }, headers))
}

t.test('nobody says who calls but the gateway', async t => {
  const { url, seen } = await start(t)
  for (const name of [
    'x-dbgpt-key-id', 'X-DBGPT-KEY-ID', 'X-Dbgpt-Key-Name', 'x_dbgpt_key_id', 'X_DBGPT-KEY_NAME', 'x-dbgpt_key-id', 'x-dbgpt-key-role'
  ]) {
    seen.length = 0
    t.equal((await ask(`${url}/v1/models`, { headers: { ...bearer(), [name]: ['forged', 'twice'] } })).status, 200)
    t.notMatch(seen[0]?.raw, /forged|twice/, name)
    t.match(seen[0]?.headers, { 'x-dbgpt-key-id': ID, 'x-dbgpt-key-name': 'Zh%C4%81ng%20%E4%B8%89' })
  }
})

t.test('Connection does not take off what the gateway says', async t => {
  const settings = { DBGPT_API_KEY: 'the-upstream-s-key' }
  const { url, seen } = await start(t, { settings })
  const cookie = await logIn(url)
  for (const connection of [
    'authorization', 'x-dbgpt-key-id', 'close, X-DBGPT-Key-Name, Authorization, cookie', 'keep-alive, x-forwarded-for, x-real-ip', 'host'
  ]) {
    for (const headers of [bearer(), { cookie }]) {
      seen.length = 0
      const answer = await ask(`${url}/v1/models`, { headers: { ...headers, connection } })
      t.equal(answer.status, 200, connection)
      t.match(seen[0]?.headers, {
        authorization: 'Bearer the-upstream-s-key', 'x-dbgpt-key-id': ID, 'x-dbgpt-key-name': /^Zh/, 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1'
      })
      t.notMatch(seen[0]?.raw, /dbgpt-session/)
    }
    t.equal((await ask(`${url}/v1/models`, { headers: { connection } })).status, 401)
  }
})

t.test('a connection ends when its client says so', async t => {
  const { port } = await start(t)
  for (const head of ['GET /v1/models HTTP/1.1\r\nconnection: close', 'GET /v1/models HTTP/1.0']) {
    const answer = await exchange(port, `${head}\r\nhost: a\r\nauthorization: Bearer ${KEY}\r\n\r\n`)
    t.match(answer, /^connection: close\r$/im)
  }
})

t.test('no request hides in another', async t => {
  const { port, seen } = await start(t)
  const hidden = 'GET /hidden HTTP/1.1\r\nhost: a\r\n\r\n'
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
    const answer = await exchange(port, bytes)
    t.match(answer, /^HTTP\/1\.1 [2345]/, title)
    t.notMatch(answer, /^HTTP\/1\.1 5/, title)
    t.same(seen.filter(({ url, body, raw }) => url !== '/a' || raw.includes('forged') || body.includes('hidden')), [], title)
  }
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
  const { port, url, seen } = await start(t)
  for (const path of TRICKS) {
    for (const method of ['GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']) {
      const answer = await exchange(port, `${method} ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
      t.match(answer, /^HTTP\/1\.1 (200|303|400|401|404)/, `${method} ${path}`)
      t.notMatch(answer, /secret/, `${method} ${path}`)
    }
    const page = await exchange(port, `GET ${path} HTTP/1.1\r\nhost: a\r\naccept: text/html\r\nconnection: close\r\n\r\n`)
    const location = /^location: (.*)\r$/m.exec(page)?.[1]
    if (location !== undefined) t.match(location, /^\/(login\?next=[\w.%!~*'()-]+)?$/, path)
  }
  for (const target of [
    `${url}/v1/models`, 'http://evil.example/v1/models', 'http://a/login/../v1/models', 'http://a@evil.example/v1', 'HTTP://a/v1/models', 'https://a/v1',
    'ftp://a/v1/models', '*', 'a:443', 'v1/models', '?', 'http:/v1/models', 'http:///v1/models', 'http://'
  ]) {
    for (const method of ['GET', 'OPTIONS', 'POST', 'CONNECT']) {
      const answer = await exchange(port, `${method} ${target} HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
      t.match(answer, /^(HTTP\/1\.1 4\d\d|$)/, `${method} ${target}`)
    }
  }
  for (const path of TRICKS) {
    const answer = await exchange(port, [
      `GET ${path} HTTP/1.1`, 'host: a', 'connection: Upgrade', 'upgrade: websocket', 'sec-websocket-version: 13',
      'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==', '', ''
    ].join('\r\n'))
    t.notMatch(answer, /^HTTP\/1\.1 (101|5)/, path)
  }
  t.same(seen, [])
})

t.test('no path leads anywhere else but to DB-GPT, or to another path of it than was asked for', async t => {
  const { port, url, seen } = await start(t)
  const head = `host: a\r\nauthorization: Bearer ${KEY}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`
  for (const target of [...TRICKS, `${url}/v1/models`, 'http://evil.example/v1/models', '*', 'v1/models']) {
    for (const method of ['GET', 'POST']) {
      seen.length = 0
      const answer = await exchange(port, `${method} ${target} HTTP/1.1\r\n${head}`)
      t.match(answer, /^HTTP\/1\.1 [234]/, `${method} ${target}`)
      for (const { url } of seen) t.notMatch(url.split('?')[0], /\/(\.|%2e){2}(\/|%2f|%5c|$)|^\/\/|\\/i, `${target} became ${url}`)
    }
  }
})

t.test('the forms of an absolute target fail nobody', async t => {
  const { port, url, seen } = await start(t)
  const cookie = await logIn(url)
  for (const bytes of [
    `POST ${url}/login HTTP/1.1\r\nhost: a\r\norigin: http://a\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: ${4 + KEY.length}\r\nconnection: close\r\n\r\nkey=${KEY}`,
    `POST ${url}/logout HTTP/1.1\r\nhost: a\r\norigin: http://a\r\ncookie: ${cookie}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
    `GET ${url}/v1/models HTTP/1.1\r\nhost: a\r\ncookie: ${cookie}\r\nconnection: close\r\n\r\n`
  ]) t.match(await exchange(port, bytes), /^HTTP\/1\.1 [234]/)
  t.same(seen, [])
})

t.test('what a client says of its way is not believed, and not handed on', async t => {
  const forged: Record<string, string> = {
    'x-forwarded-for': '6.6.6.6',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    'x-forwarded-port': '6666',
    'x-forwarded-prefix': '/evil',
    'x-forwarded-server': 'evil.example',
    'x-real-ip': '6.6.6.6',
    forwarded: 'for=6.6.6.6;host=evil.example',
    x_forwarded_for: '6.6.6.6',
    x_real_ip: '6.6.6.6'
  }

  t.test('to anybody, unless it is told to', async t => {
    const { url, seen } = await start(t)
    t.equal((await ask(`${url}/v1/models`, { headers: { ...bearer(), ...forged } })).status, 200)
    t.match(seen[0]?.headers, {
      'x-forwarded-for': '127.0.0.1', 'x-forwarded-host': new URL(url).host, 'x-forwarded-proto': 'http', 'x-real-ip': '127.0.0.1'
    })
    t.notMatch(seen[0]?.raw, /6\.6\.6\.6|evil|6666|https/)
  })

  t.test('for the origin of a form, nor for TLS', async t => {
    const { url } = await start(t)
    t.equal((await sendForm(url, { key: KEY }, { origin: 'https://evil.example', ...forged })).status, 403)
    const cookie = (await sendForm(url, { key: KEY }, { origin: url, ...forged })).headers['set-cookie']?.[0]
    t.match(cookie, /^dbgpt-session=[^;]+; .*HttpOnly; SameSite=Lax$/)
    t.notMatch(cookie, /Secure/)
  })

  t.test('for whose attempts are counted', async t => {
    const { url } = await start(t, { maxAttempts: 3 })
    const statuses = []
    for (let i = 0; i < 5; i++) {
      statuses.push((await ask(`${url}/v1/models`, { headers: { ...bearer(WRONG_KEY), 'x-forwarded-for': `6.6.6.${i}` } })).status)
    }
    t.same(statuses, [401, 401, 401, 429, 429])
  })

  t.test('but by who was told to, in part', async t => {
    const { url, seen } = await start(t, { settings: { TRUST_PROXY: '127.0.0.1' } })
    const headers = { ...bearer(), 'x-forwarded-for': '6.6.6.6, 7.7.7.7', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'db.example' }
    await ask(`${url}/v1/models`, { headers })
    // The first was said by a client that nobody trusts.
    t.match(seen[0]?.headers, { 'x-real-ip': '7.7.7.7', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'db.example' })
    t.notMatch(seen[0]?.headers['x-forwarded-for'], /^6\.6\.6\.6/)
  })

  t.test('a Host of any kind goes to DB-GPT and nowhere else', async t => {
    const { port, seen, app } = await start(t)
    for (const host of ['evil.example', 'evil.example:80', '', '@', 'a b', 'a/b', '[::1', '127.0.0.1:1', 'a\\b', 'a,b', '\xff']) {
      seen.length = 0
      const answer = await exchange(port, `GET /v1/models HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${KEY}\r\nconnection: close\r\n\r\n`)
      t.match(answer, /^HTTP\/1\.1 (200|400)/, host)
      for (const { headers } of seen) t.match(headers.host, /^127\.0\.0\.1:\d+$/)
    }
    t.match(await exchange(port, `GET /v1/models HTTP/1.0\r\nauthorization: Bearer ${KEY}\r\n\r\n`), /^HTTP\/1\.1 200/)
    t.ok(app.server.listening)
  })
})

t.test('a login goes on to nowhere but this origin', async t => {
  const { url } = await start(t)
  const bad = [
    '//evil.example', '/\\evil.example', '\\\\evil.example', '\\/evil.example', 'https:evil.example', 'https://evil.example', 'http:/\\evil.example', 'javascript:alert(1)',
    'evil.example', '/\r\nset-cookie: a=b', '/\n/evil.example', '/\t/evil.example', '\t//evil.example', ' //evil.example', '/ /evil.example', '/.//evil.example',
    '/..//evil.example', '/x/..//evil.example', '/x/../\\evil.example', '/%2e//evil.example', '/\u2215evil.example', '/三', '\u0000//evil.example', '///evil.example',
    '/.\\evil.example', '', 'login', '/login', '/logout', '/login?next=//evil.example', '/x/../login', '/./logout', '?//evil.example', '#', '/\u00a0/evil.example'
  ]
  for (const next of bad) {
    t.equal(safePath(next), '/', JSON.stringify(next))
    const { status, headers, body } = await sendForm(url, { key: KEY, next })
    t.match({ status, location: headers.location }, { status: 303, location: /^\/$/ }, JSON.stringify(next))
    t.equal(body, '')
  }
  for (const next of ['/%2f%2fevil.example', '/%5cevil.example', '/%09/evil.example', '/%0d%0aset-cookie:a=b', '/x//evil.example', '/?u=https://evil.example', '/@evil.example']) {
    const { headers } = await sendForm(url, { key: KEY, next })
    t.equal(new URL(headers.location ?? '', url).origin, url, next)
    t.equal(headers.location, next)
    t.equal(headers['set-cookie']?.length, 1)
  }
  for (const query of ['next=//evil.example', 'next=/a&next=//evil.example', 'next[]=/a', 'next=%2f%2fevil.example', 'next=%22%3E%3Cscript%3E', 'next=/%22%3E%3Cscript%3E', '__proto__=x&next']) {
    const { status, body } = await ask(`${url}/login?${query}`)
    t.equal(status, 200)
    t.notMatch(body, /evil|<script/, query)
  }
  t.match(await ask(`${url}/flows?a="><script>&b='`, { headers: { accept: 'text/html' } }), {
    status: 302, headers: { location: '/login?next=%2Fflows%3Fa%3D%22%3E%3Cscript%3E%26b%3D\'' }
  })
})

t.test('a session is nobody\'s but who logged in', async t => {
  const { url, seen, store } = await start(t)

  t.test('an id that was there before the login is not taken over', async t => {
    const first = await logIn(url)
    const second = await logIn(url, { origin: url, cookie: first })
    t.match(second, /^dbgpt-session=./)
    t.not(second, first)
    t.equal((await ask(`${url}/v1/models`, { headers: { cookie: first } })).status, 401, 'the former session has ended')
    const planted = await logIn(url, { origin: url, cookie: 'dbgpt-session=planted.by-somebody' })
    t.notMatch(planted, 'planted')
  })

  t.test('a cookie that is signed with another secret, cut off or put together is none', async t => {
    const cookie = await logIn(url)
    const [id = '', signature = ''] = decodeURIComponent(cookie.slice('dbgpt-session='.length)).split('.')
    const forged = createHmac('sha256', 'another secret of the tests, of more than 32 characters').update(id).digest('base64').replace(/=+$/, '')
    const right = createHmac('sha256', SETTINGS.SESSION_SECRET).update(id).digest('base64').replace(/=+$/, '')
    t.equal(signature, right)
    for (const value of [
      `${id}.${forged}`, id, `${id}.`, `.${signature}`, `${id}x.${signature}`, `${id}.${signature}x`, `${id}.${signature.slice(0, -1)}`, '.', '', '%', '%00', '"', `x${id}.${signature}`,
      `${id}.${signature}.${signature}`, '__proto__', `__proto__.${createHmac('sha256', SETTINGS.SESSION_SECRET).update('__proto__').digest('base64').replace(/=+$/, '')}`
    ]) {
      for (const name of ['dbgpt-session', '__Host-dbgpt-session', 'DBGPT-SESSION']) {
        const { status } = await ask(`${url}/v1/models`, { headers: { cookie: `${name}=${value}` } })
        t.equal(status, 401, `${name}=${value.length} characters`)
      }
    }
    t.equal((await ask(`${url}/v1/models`, { headers: { cookie: `__Host-${cookie}` } })).status, 401)
    t.equal((await ask(`${url}/v1/models`, { headers: { cookie } })).status, 200)
  })

  t.test('a cookie is worth nothing once its session was ended', async t => {
    const cookie = await logIn(url)
    t.equal((await ask(`${url}/v1/models`, { headers: { cookie } })).status, 200)
    const out = await ask(`${url}/logout`, { method: 'POST', headers: { cookie, origin: url } })
    t.match(out, { status: 303, headers: { location: '/login', 'set-cookie': [/^dbgpt-session=;.*(Expires=Thu, 01 Jan 1970|Max-Age=0)/] } })
    t.equal((await ask(`${url}/v1/models`, { headers: { cookie } })).status, 401)
    t.match(await ask(`${url}/flows`, { headers: { cookie, accept: 'text/html' } }), { status: 302, headers: { location: '/login?next=%2Fflows' } })
  })

  t.test('the store keeps no key', async t => {
    await store.add(createApiKey(OTHER_KEY))
    const answer = await sendForm(url, { key: OTHER_KEY })
    t.equal(answer.status, 303)
    t.notMatch(JSON.stringify([answer, seen]), 'PLAINTEXT')
  })
})

t.test('under TLS, the cookie is of this host alone', async t => {
  const { url } = await start(t, { settings: { TRUST_PROXY: 'true' } })
  const tls = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'db.example' }
  const answer = await sendForm(url, { key: KEY }, { ...tls, origin: 'https://db.example' })
  t.equal(answer.status, 303)
  const [set = ''] = answer.headers['set-cookie'] ?? []
  t.match(set, /^__Host-dbgpt-session=[^;]+; /)
  for (const attribute of ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax']) t.ok(set.split('; ').includes(attribute), attribute)
  t.notMatch(set, /Domain/i)
  const cookie = cookieOf(answer)
  const plain = cookie.replace('__Host-', '')
  t.equal((await ask(`${url}/v1/models`, { headers: { ...tls, cookie } })).status, 200)
  t.equal((await ask(`${url}/v1/models`, { headers: { ...tls, cookie: plain } })).status, 401, 'one without the prefix can be planted')
  t.equal((await ask(`${url}/v1/models`, { headers: { ...tls, cookie: plain.replace('=', ' =') } })).status, 401)
  t.equal((await ask(`${url}/v1/models`, { headers: { ...tls, cookie: `${plain}x; ${cookie}` } })).status, 200)

  const out = await ask(`${url}/logout`, { method: 'POST', headers: { ...tls, cookie, origin: 'https://db.example' } })
  t.equal(out.status, 303)
  const [cleared = ''] = out.headers['set-cookie'] ?? []
  t.match(cleared, /^__Host-dbgpt-session=;/)
  t.match(cleared, /Secure/, 'browsers take no cookie of this prefix without it, so they would not clear it')
})

t.test('a page of another origin does nothing with a session', async t => {
  const { url, port, seen } = await start(t)
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
      t.equal((await ask(`${url}/logout`, { method: 'POST', headers: { ...headers, cookie } })).status, 403)
      const login = await sendForm(url, { key: KEY }, { ...headers, cookie })
      t.equal(login.status, 403)
      const upgrade = Object.entries({ ...headers, cookie }).map(([name, value]) => `${name}: ${value}\r\n`).join('')
      t.match(await exchange(port, `GET /queue HTTP/1.1\r\nhost: ${host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n${upgrade}\r\n`),
        /^HTTP\/1\.1 403/)
    })
  }
  t.test('nor logs anybody in', async t => {
    for (const headers of [{ origin: 'http://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'none' }]) {
      const answer = await sendForm(url, { key: KEY }, headers)
      t.equal(answer.status, 403)
      t.equal(answer.headers['set-cookie'], undefined)
    }
  })
  t.same(seen, [])
  t.test('but its own pages do, and programs with a key', async t => {
    for (const headers of [
      { cookie, origin: url }, { cookie, 'sec-fetch-site': 'same-origin' }, { cookie, origin: url, 'sec-fetch-site': 'same-origin' },
      { ...bearer(), cookie }, { ...bearer(), cookie, origin: 'http://evil.example' }, bearer(), { ...bearer(), origin: 'null' }
    ]) t.equal((await ask(`${url}/api/v1/x`, { method: 'POST', headers })).status, 200)
    t.equal((await ask(`${url}/api/v1/x`, { headers: { cookie } })).status, 200)
  })
  t.test('and a wrong Bearer key does not fall back on the session', async t => {
    t.equal((await ask(`${url}/api/v1/x`, { headers: { ...bearer(WRONG_KEY), cookie } })).status, 401)
    t.equal((await ask(`${url}/api/v1/x`, { method: 'POST', headers: { ...bearer(WRONG_KEY), cookie, origin: url } })).status, 401)
  })
})

t.test('the form takes nothing but one key', async t => {
  const { url, app, port } = await start(t)
  for (const form of [
    '', 'key=', 'key=%20', `key=${KEY}&key=${KEY}`, `key[]=${KEY}`, `__proto__[key]=${KEY}`, `__proto__=${KEY}`, `constructor=${KEY}`, 'key=%00', `key=${WRONG_KEY}`,
    'key=a%20b', 'key=%E4%B8%89', `key=${'a'.repeat(513)}`, 'key=%zz', `next=/a&next=/b&key=${WRONG_KEY}`, '&&&==='
  ]) {
    const answer = await ask(`${url}/login`, {
      method: 'POST', headers: { origin: url, 'content-type': 'application/x-www-form-urlencoded' }, body: form
    })
    t.ok(answer.status === 400 || answer.status === 401, `${answer.status}`)
    t.equal(answer.headers['set-cookie'], undefined)
    t.notMatch(answer.body, 'PLAINTEXT')
  }
  t.match(await sendForm(url, `key=${KEY}&next=/a&next=//evil.example`), { status: 303, headers: { location: '/' } })
  t.match(await sendForm(url, `__proto__=x&key=${KEY}&constructor=y&next=/a`), { status: 303, headers: { location: '/a' } })
  for (const [type, body] of Object.entries({
    'application/json': '{"key":', 'text/plain': 'key=a', 'application/x-www-form-urlencoded; charset=x': 'key=a', 'multipart/form-data': 'a', 'x/y': 'a', '': 'a'
  })) {
    const { status } = await ask(`${url}/login`, { method: 'POST', headers: { origin: url, 'content-type': type }, body })
    t.ok(status >= 400 && status < 500, `${type}: ${status}`)
  }
  for (const body of ['null', '[]', '"a"', '1', '{"key":["a"]}', '{"key":{"toString":1}}', '{"__proto__":{"key":"a"}}']) {
    const { status } = await ask(`${url}/login`, { method: 'POST', headers: { origin: url, 'content-type': 'application/json' }, body })
    t.equal(status, 400, body)
  }
  const huge = await exchange(port, `POST /login HTTP/1.1\r\nhost: a\r\norigin: http://a\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 20000\r\nconnection: close\r\n\r\nkey=${'a'.repeat(19_996)}`)
  t.match(huge, /^HTTP\/1\.1 413/)
  const endless = `${(0x4000).toString(16)}\r\n${'a'.repeat(0x4000)}\r\n`.repeat(2)
  t.match(await exchange(port, `POST /login HTTP/1.1\r\nhost: a\r\norigin: http://a\r\ncontent-type: application/x-www-form-urlencoded\r\ntransfer-encoding: chunked\r\n\r\n${endless}`),
    /^HTTP\/1\.1 413/)
  t.equal(Object.hasOwn(Object.prototype, 'key'), false)
  t.ok(app.server.listening)
})

t.test('nothing that is too large ends the process', async t => {
  const { port, url, app, seen } = await start(t)
  for (const [title, headers, expected] of [
    ['a cookie', `cookie: dbgpt-session=${'a'.repeat(20_000)}\r\n`, /^HTTP\/1\.1 431/],
    ['a header', `x-a: ${'a'.repeat(20_000)}\r\n`, /^HTTP\/1\.1 431/],
    ['a token', `authorization: Bearer ${'a'.repeat(10_000)}\r\n`, /^HTTP\/1\.1 401/],
    ['a cookie that just fits', `cookie: dbgpt-session=${'a'.repeat(15_000)}\r\n`, /^HTTP\/1\.1 401/],
    ['a thousand cookies', `cookie: ${'a=b; '.repeat(2500)}\r\n`, /^HTTP\/1\.1 401/],
    ['a thousand headers', 'x-a: b\r\n'.repeat(1500), /^HTTP\/1\.1 4(01|31)/] // Node 24 counts more of each header
  ] as const) {
    t.match(await exchange(port, `GET /v1/models HTTP/1.1\r\nhost: a\r\n${headers}connection: close\r\n\r\n`), expected, title)
  }
  t.match(await exchange(port, `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nhost: a\r\n\r\n`), /^HTTP\/1\.1 431/)
  t.match(await exchange(port, `GET /${'a'.repeat(15_000)} HTTP/1.1\r\nhost: a\r\naccept: text/html\r\nconnection: close\r\n\r\n`), /^HTTP\/1\.1 302/)
  t.match(await exchange(port, '\0\xff\x16\x03\x01 not HTTP at all\r\n\r\n'), /^HTTP\/1\.1 400/)
  t.same(seen, [])
  t.equal((await ask(`${url}/health`)).status, 200)
  t.ok(app.server.listening)
})

t.test('headers that never end are not waited for, and uploads are', async t => {
  const { app, port, url } = await start(t)
  t.ok(app.server.headersTimeout > 0 && app.server.headersTimeout <= 60_000, String(app.server.headersTimeout))
  t.ok(app.server.requestTimeout > app.server.headersTimeout)
  t.ok(app.server.keepAliveTimeout > 0)
  // Many that are slow keep nobody from being served.
  const slow = Array.from({ length: 200 }, () => net.connect(port, '127.0.0.1'))
  for (const socket of slow) socket.on('error', () => {}).write('GET /v1/models HTTP/1.1\r\nhost: a\r\nx-a: ')
  t.equal((await ask(`${url}/v1/models`, { headers: bearer() })).status, 200)
  for (const socket of slow) socket.destroy()
})

t.test('with authentication off there is no login', async t => {
  const { url, seen } = await start(t, { auth: { keys: [], env: { API_AUTH: 'off' }, logLevel: 'silent' } })
  t.match(await ask(`${url}/login?next=/flows`), { status: 303, headers: { location: '/flows' } })
  t.match(await ask(`${url}/login?next=//evil.example`), { status: 303, headers: { location: '/' } })
  const answer = await sendForm(url, { key: KEY, next: '/flows' })
  t.match(answer, { status: 303, headers: { location: '/flows' } })
  t.equal(answer.headers['set-cookie'], undefined)
  const headers = { 'x-dbgpt-key-id': 'forged', x_dbgpt_key_name: 'forged', ...bearer() }
  t.equal((await ask(`${url}/v1/models`, { headers })).status, 200)
  t.notMatch(seen[0]?.raw, /forged|PLAINTEXT/)
})
