import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { createApiKey } from 'fastify-dbgpt-auth'
import { bearer, KEY, OTHER_KEY, WRONG_KEY } from '../../test/support/app.ts'
import { ask, logIn, sendForm } from './support/gateway-client.ts'
import { until } from '../../test/support/until.ts'
import { startGateway } from './support/gateway.ts'
import { startRecordedGateway } from './support/recorder.ts'
import { provoke } from '../../test/support/socket.ts'
import { startServer } from './support/upstream.ts'

const UPSTREAM_KEY = 'the-key-that-dbgpt-asks-for'
const ID = createApiKey(KEY).id
const NAME = 'Zh%C4%81ng%20%E4%B8%89'

t.test('nobody says who calls but the gateway', async t => {
  const { url, seen } = await startRecordedGateway(t)
  for (const name of [
    'x-dbgpt-key-id', 'X-DBGPT-KEY-ID', 'X-Dbgpt-Key-Name', 'x_dbgpt_key_id', 'X_DBGPT-KEY_NAME', 'x-dbgpt_key-id', 'x-dbgpt-key-role'
  ]) {
    seen.length = 0
    t.equal((await ask(`${url}/v1/models`, { headers: { ...bearer(), [name]: ['forged', 'twice'] } })).status, 200, name)
    t.notMatch(seen[0]?.raw, /forged|twice/, name)
    t.match(seen[0]?.headers, { 'x-dbgpt-key-id': ID, 'x-dbgpt-key-name': NAME }, name)
  }
})

t.test('Connection does not take off what the gateway says', async t => {
  const { url, seen } = await startRecordedGateway(t, { settings: { DBGPT_API_KEY: UPSTREAM_KEY } })
  const cookie = await logIn(url)
  for (const connection of [
    'authorization', 'x-dbgpt-key-id', 'close, X-DBGPT-Key-Name, Authorization, cookie', 'keep-alive, x-forwarded-for, x-real-ip', 'host'
  ]) {
    for (const headers of [bearer(), { cookie }]) {
      const title = `${Object.keys(headers).join()}, Connection: ${connection}`
      seen.length = 0
      t.equal((await ask(`${url}/v1/models`, { headers: { ...headers, connection } })).status, 200, title)
      t.match(seen[0]?.headers, {
        authorization: `Bearer ${UPSTREAM_KEY}`, 'x-dbgpt-key-id': ID, 'x-dbgpt-key-name': NAME, 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1'
      }, title)
      t.notMatch(seen[0]?.raw, /dbgpt-session/, title)
    }
    t.equal((await ask(`${url}/v1/models`, { headers: { connection } })).status, 401, `no key, Connection: ${connection}`)
  }
})

t.test('replaces the caller\'s credentials', async t => {
  const seen: IncomingHttpHeaders[] = []
  const { upstream, server } = await startServer(t, (request, response) => {
    seen.push(request.headers)
    response.end('done')
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (_socket, request) => { seen.push(request.headers) })
  const says = { 'x-dbgpt-key-id': ID, 'x-dbgpt-key-name': NAME }

  for (const [title, settings, authorization] of [
    ['by the key that DB-GPT asks for', { DBGPT_API_KEY: UPSTREAM_KEY }, `Bearer ${UPSTREAM_KEY}`],
    ['by nothing', {}, undefined]
  ] as const) {
    t.test(title, async t => {
      const { url } = await startGateway(t, { upstream, settings })
      const cookie = await logIn(url)
      t.match(cookie, /^dbgpt-session=/)
      const cookies = `a=1; ${cookie}; b=2; __Host-dbgpt-session=x`
      for (const headers of [bearer(), { ...bearer(), cookie: cookies }, { cookie: cookies }, { cookie: cookies, authorization: 'Basic eDp5' }]) {
        const sent = `a request with ${Object.keys(headers).join(' and ')}`
        const expected = { ...says, authorization, cookie: 'cookie' in headers ? 'a=1; b=2' : undefined }
        seen.length = 0
        t.equal((await ask(`${url}/v1/models`, { headers })).status, 200, sent)
        t.match(seen, [expected], sent)

        seen.length = 0
        const socket = new WebSocket(url.replace('http', 'ws'), { headers: { ...headers, origin: url } })
        await once(socket, 'open')
        await until(() => seen.length > 0)
        t.match(seen, [{ ...expected, host: new URL(upstream).host }], `${sent} for a WebSocket`)
        socket.terminate()
      }
      t.notMatch(JSON.stringify(seen), KEY)
    })
  }

  t.test('Proxy-Authorization as well', async t => {
    const { url } = await startGateway(t, { upstream })
    seen.length = 0
    await ask(`${url}/v1/models`, { headers: { ...bearer(), 'proxy-authorization': 'Basic eDp5' } })
    t.equal(seen[0]?.['proxy-authorization'], undefined)
  })

  t.test('says nothing of a name that there is not, and hands on what is not the gateway\'s', async t => {
    const { url, store } = await startGateway(t, { upstream })
    const { id } = await store.add(createApiKey(OTHER_KEY)) ?? createApiKey(OTHER_KEY)
    seen.length = 0
    const headers = { ...bearer(OTHER_KEY), 'x-request-id': 'r1', 'accept-language': 'zh', 'x-dbgpt-user': 'u' }
    t.equal((await ask(`${url}/v1/models`, { headers })).status, 200)
    t.match(seen, [{ 'x-dbgpt-key-id': id, 'x-request-id': 'r1', 'accept-language': 'zh', 'x-dbgpt-user': 'u' }])
    t.equal(seen[0]?.['x-dbgpt-key-name'], undefined)
  })

  t.test('a name that no header can say fails nobody', async t => {
    const { url, store } = await startGateway(t, { upstream })
    const name = 'half a pair \ud83d'
    await store.add(createApiKey({ key: OTHER_KEY, name }))
    t.equal((await ask(`${url}/v1/models`, { headers: bearer(OTHER_KEY) })).status, 200)
  })
  t.teardown(() => sockets.close())
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
    const { url, seen } = await startRecordedGateway(t)
    t.equal((await ask(`${url}/v1/models`, { headers: { ...bearer(), ...forged } })).status, 200)
    t.match(seen[0]?.headers, {
      'x-forwarded-for': '127.0.0.1', 'x-forwarded-host': new URL(url).host, 'x-forwarded-proto': 'http', 'x-real-ip': '127.0.0.1'
    })
    t.notMatch(seen[0]?.raw, /6\.6\.6\.6|evil|6666|https/)
  })

  t.test('for the origin of a form, nor for TLS', async t => {
    const { url } = await startRecordedGateway(t)
    t.equal((await sendForm(url, { key: KEY }, { origin: 'https://evil.example', ...forged })).status, 403)
    const cookie = (await sendForm(url, { key: KEY }, { origin: url, ...forged })).headers['set-cookie']?.[0]
    t.match(cookie, /^dbgpt-session=[^;]+; .*HttpOnly; SameSite=Lax$/)
    t.notMatch(cookie, /Secure/)
  })

  t.test('for whose attempts are counted', async t => {
    const { url } = await startRecordedGateway(t, { maxAttempts: 3 })
    const statuses = []
    for (let i = 0; i < 5; i++) {
      statuses.push((await ask(`${url}/v1/models`, { headers: { ...bearer(WRONG_KEY), 'x-forwarded-for': `6.6.6.${i}` } })).status)
    }
    t.same(statuses, [401, 401, 401, 429, 429])
  })

  t.test('but by who was told to, in part', async t => {
    const { url, seen } = await startRecordedGateway(t, { settings: { TRUST_PROXY: '127.0.0.1' } })
    const headers = { ...bearer(), 'x-forwarded-for': '6.6.6.6, 7.7.7.7', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'db.example' }
    await ask(`${url}/v1/models`, { headers })
    // The first was said by a client that nobody trusts.
    t.match(seen[0]?.headers, { 'x-real-ip': '7.7.7.7', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'db.example' })
    t.notMatch(seen[0]?.headers['x-forwarded-for'], /^6\.6\.6\.6/)
  })

  t.test('a Host of any kind goes to DB-GPT and nowhere else', async t => {
    const { port, seen, app } = await startRecordedGateway(t)
    for (const host of ['evil.example', 'evil.example:80', '', '@', 'a b', 'a/b', '[::1', '127.0.0.1:1', 'a\\b', 'a,b', '\xff']) {
      seen.length = 0
      const answer = await provoke(port, `GET /v1/models HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${KEY}\r\nconnection: close\r\n\r\n`)
      t.match(answer, /^HTTP\/1\.1 (200|400)/, host)
      for (const { headers } of seen) t.match(headers.host, /^127\.0\.0\.1:\d+$/, host)
    }
    t.match(await provoke(port, `GET /v1/models HTTP/1.0\r\nauthorization: Bearer ${KEY}\r\n\r\n`), /^HTTP\/1\.1 200/)
    t.ok(app.server.listening)
  })
})
