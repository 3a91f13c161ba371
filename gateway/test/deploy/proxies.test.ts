import { once } from 'node:events'
import http, { type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import type net from 'node:net'
import { text } from 'node:stream/consumers'
import { parseEnv } from 'node:util'
import t from 'tap'
import { WebSocket } from 'ws'
import { bearer, BODY_401, CHALLENGE, KEY, WRONG_KEY } from '../../../test/support/app.ts'
import { keepLog } from '../../../test/support/log-lines.ts'
import { freePorts } from '../../../test/support/redis.ts'
import { until } from '../../../test/support/until.ts'
import { deployed } from '../support/deploy.ts'
import { startGateway } from '../support/gateway.ts'
import { HOST, PROXIES, type TlsProxy } from '../support/tls-proxy.ts'
import { startToldUpstream } from '../support/told-upstream.ts'

/** The gateway says what to do. */
const TOLD_401 = BODY_401.replace('""', '"No API key was sent: send Authorization: Bearer <key>. See fastify-dbgpt-auth, docs/errors.md#missing"')

const PAGE = { accept: 'text/html' }
/** Where clients are: not where the proxy is. */
const CLIENT = '127.0.0.2'
/** Where they claim to be. */
const FORGED = { 'x-forwarded-for': '203.0.113.9', 'x-real-ip': '203.0.113.9', forwarded: 'for=203.0.113.9' }
const { TRUST_PROXY = '' } = parseEnv(await deployed('dbgpt-gateway.env'))

interface Question {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string
}

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A client that knows the proxy by its name. */
class Client {
  readonly origin: string
  readonly #proxy: TlsProxy
  readonly #options: { readonly ca: string, readonly lookup: net.LookupFunction }

  constructor (proxy: TlsProxy) {
    this.#proxy = proxy
    this.#options = { ca: proxy.ca, lookup: toLoopback }
    this.origin = `https://${HOST}:${proxy.port}`
  }

  /** Begins a request, with the path as it stands. */
  open (path: string, { method = 'GET', headers = {} }: Question = {}): http.ClientRequest {
    const { port } = this.#proxy
    return https.request({ ...this.#options, host: HOST, port, localAddress: CLIENT, agent: false, path, method, headers })
  }

  async ask (path: string, question: Question = {}): Promise<Answer> {
    const request = this.open(path, question)
    request.end(question.body)
    return await answerTo(request)
  }

  /** Sends the login form, as a page of the origin does, and returns the answer. */
  async logIn (): Promise<Answer> {
    return await this.ask('/login', {
      method: 'POST',
      headers: { origin: this.origin, 'content-type': 'application/x-www-form-urlencoded' },
      body: String(new URLSearchParams({ key: KEY, next: '/flows' }))
    })
  }

  socket (path: string, headers: Record<string, string>): WebSocket {
    return new WebSocket(this.origin.replace('https', 'wss') + path, { ...this.#options, headers })
  }

  session (): http2.ClientHttp2Session {
    return http2.connect(this.origin, this.#options)
  }

  async askPlain (path: string): Promise<Answer> {
    const request = http.request({ host: '127.0.0.1', port: this.#proxy.plainPort, path, agent: false, headers: { host: HOST } })
    return await answerTo(request.end())
  }
}

/** The name is the proxy's, which is on this machine. */
const toLoopback: net.LookupFunction = (_host, { all }, done) => {
  if (all === true) done(null, [{ address: '127.0.0.1', family: 4 }])
  else done(null, '127.0.0.1', 4)
}

async function answerTo (request: http.ClientRequest): Promise<Answer> {
  const [response] = await once(request, 'response') as [IncomingMessage]
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}

function cookieOf ({ headers }: Answer): string {
  return headers['set-cookie']?.[0]?.split(';')[0] ?? ''
}

for (const { name, skip, start } of PROXIES) {
  t.test(`what the package has for ${name} does all that the gateway needs`, { skip }, async t => {
    const upstream = await startToldUpstream(t)
    const [port] = await freePorts(1) as [number]
    const proxy = await start(t, port)
    const client = new Client(proxy)
    const { lines, logger } = keepLog()
    const { app } = await startGateway(t, { logger, upstream: upstream.upstream, settings: { PORT: port, TRUST_PROXY } })

    await t.test('plain HTTP is sent to TLS', async t => {
      const { status, headers } = await client.askPlain('/a%2Fb?c=d')
      t.match({ status, headers }, { status: 308, headers: { location: `https://${HOST}/a%2Fb?c=d` } })
    })

    await t.test('a page without a session is sent to the login of the same host and port', async t => {
      const { status, headers } = await client.ask('/flows', { headers: PAGE })
      t.equal(status, 302)
      t.equal(String(new URL(headers.location ?? '', client.origin)), `${client.origin}/login?next=%2Fflows`)
    })

    await t.test('a login sets a cookie that is bound to TLS, and with it pages open', async t => {
      const login = await client.logIn()
      t.match(login, { status: 303, headers: { location: '/flows' } })
      t.match(login.headers['set-cookie'], [/^__Host-dbgpt-session=.*; Secure/])
      const headers = { ...PAGE, cookie: cookieOf(login) }
      t.equal((await client.ask('/flows', { headers })).status, 200)
      const moved = await client.ask('/app', { headers })
      t.equal(moved.status, 307)
      t.equal(String(new URL(moved.headers.location ?? '', client.origin)), `${client.origin}/app/`, 'DB-GPT\'s redirect')
    })

    await t.test('a page of another origin cannot log anybody out, this one can', async t => {
      const cookie = cookieOf(await client.logIn())
      const logOut = async (origin: string): Promise<number | undefined> =>
        (await client.ask('/logout', { method: 'POST', headers: { cookie, origin } })).status
      const statusOf = async (): Promise<number | undefined> => (await client.ask('/flows', { headers: { ...PAGE, cookie } })).status
      for (const origin of ['https://evil.example', `https://${HOST}`, `http://${HOST}:${proxy.port}`]) {
        t.equal(await logOut(origin), 403, origin)
      }
      t.equal(await statusOf(), 200)
      t.equal(await logOut(client.origin), 303)
      t.equal(await statusOf(), 302)
    })

    await t.test('a Bearer key passes, and the 401 without one is the gateway\'s to the letter', async t => {
      t.equal((await client.ask('/v1/models', { headers: bearer() })).status, 200)
      const { status, headers, body } = await client.ask('/v1/models')
      t.same([status, body], [401, TOLD_401])
      t.match(headers, { 'content-type': /^application\/json$/, 'www-authenticate': CHALLENGE })
      t.equal((await client.ask('/ready')).status, 200)
    })

    await t.test('the client\'s address is the one that it comes from, whatever it says', async t => {
      lines.length = 0
      await client.ask('/v1/models', { headers: { ...bearer(WRONG_KEY), ...FORGED } })
      await client.ask('/login', { method: 'POST', headers: { origin: 'https://evil.example', ...FORGED } })
      t.match(lines.filter(({ ip }) => ip !== undefined).map(({ ip }) => ip), [CLIENT, CLIENT])
      t.notMatch(JSON.stringify(lines), '203.0.113.9')
    })

    await t.test('paths arrive as they were sent', async t => {
      for (const path of ['/a%2Fb', '/%20%7e', '/a//b/?c=%2F+%20', '/%e4%bd%a0']) {
        t.equal((await client.ask(path, { headers: bearer() })).status, 200, path)
        t.equal(upstream.asked().url, path)
      }
      const { status, body } = await client.ask('//x', { headers: bearer() })
      t.equal(status, 400, 'also one that the gateway refuses')
      t.match(body, '"code":"bad_request"')
    })

    await t.test('a stream arrives piece by piece', async t => {
      const request = client.open('/stream', { headers: bearer() }).end()
      const [response] = await once(request, 'response') as [IncomingMessage]
      const [first] = await once(response, 'data') as [Buffer]
      t.equal(String(first), 'data: one\n\n')
      upstream.goOn()
      t.equal(await text(response), 'data: two\n\n')
    })

    await t.test('a WebSocket speaks both ways, and is refused without a key', async t => {
      const socket = client.socket('/socket', bearer())
      const [welcome] = await once(socket, 'message') as [Buffer]
      socket.send('hello')
      const [back] = await once(socket, 'message') as [Buffer]
      t.same([String(welcome), String(back)], ['welcome', 'back: hello'])
      socket.terminate()
      const [error] = await once(client.socket('/socket', {}), 'error') as [Error]
      t.match(error.message, /401/)
    })

    await t.test('an upload of 70 MB is handed on while it comes', async t => {
      const part = Buffer.alloc(1 << 20)
      const before = upstream.received()
      const request = client.open('/upload', { method: 'POST', headers: { ...bearer(), 'content-length': 70 * part.length } })
      const answer = answerTo(request)
      request.write(part)
      await until(() => upstream.received() > before)
      for (let i = 1; i < 70; i++) if (!request.write(part)) await once(request, 'drain')
      request.end()
      t.equal((await answer).body, String(before + 70 * part.length))
    })

    await t.test('an upload without a key is told so, before it is over', async t => {
      const request = client.open('/upload', { method: 'POST', headers: { 'content-length': 70 << 20 } })
      request.on('error', () => {})
      const answer = answerTo(request)
      request.write(Buffer.alloc(1 << 20))
      const { status, body } = await answer
      t.same([status, body], [401, TOLD_401])
      request.destroy()
    })

    await t.test('over HTTP/2 it is the same', async t => {
      const session = client.session()
      t.teardown(() => session.close())
      const ask = async (headers: http2.OutgoingHttpHeaders): Promise<[http2.IncomingHttpHeaders, string]> => {
        const stream = session.request(headers, { endStream: true })
        const [answer] = await once(stream, 'response') as [http2.IncomingHttpHeaders]
        return [answer, await text(stream)]
      }
      const cookie = cookieOf(await client.logIn())
      const [refused, body] = await ask({ ':path': '/v1/models' })
      t.same([refused[':status'], body], [401, TOLD_401])
      t.equal((await ask({ ':path': '/a%2Fb', ...bearer() }))[0][':status'], 200)
      t.equal(upstream.asked().url, '/a%2Fb')
      const [page] = await ask({ ':path': '/flows', ...PAGE })
      t.match(page, { ':status': 302, location: '/login?next=%2Fflows' })
      const [left] = await ask({ ':path': '/logout', ':method': 'POST', cookie, origin: client.origin })
      t.equal(left[':status'], 303)
    })

    await t.test('a proxy that TRUST_PROXY does not name is told of, and logins through it are refused', async t => {
      await app.close()
      const { lines, logger } = keepLog()
      await startGateway(t, { logger, upstream: upstream.upstream, settings: { PORT: port } })
      t.equal((await client.logIn()).status, 403)
      t.match(lines.find(({ msg }) => msg.startsWith('X-Forwarded-* of')), { ip: '127.0.0.1', msg: /set TRUST_PROXY=127\.0\.0\.1:/ })
    })
  })
}
