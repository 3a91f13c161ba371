import { createHash } from 'node:crypto'
import { once } from 'node:events'
import http, { type IncomingHttpHeaders } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import OpenAI, { APIError } from 'openai'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { createApiKey } from '../../lib/index.ts'
import { bearer, KEY, OTHER_KEY, rejection } from '../support/app.ts'
import { until } from '../support/until.ts'
import { startGateway } from '../support/gateway.ts'
import { freePorts } from '../support/redis.ts'
import { exchange } from '../support/socket.ts'
import { type Answer, ask as askRaw, liveMemory, type Question, startServer } from '../support/upstream.ts'

const UPSTREAM_KEY = 'the-key-that-dbgpt-asks-for'
const MEGABYTE = 2 ** 20
const ID = createApiKey(KEY).id
const NAME = 'Zh%C4%81ng%20%E4%B8%89'

/** Waits until a count has begun and then stood still for a while. */
async function settles (count: () => number): Promise<void> {
  let last = 0
  let since = performance.now()
  await until(() => {
    if (count() !== last) [last, since] = [count(), performance.now()]
    return last > 0 && performance.now() - since > 300
  })
}

/** Asks with the key of the tests, or with other headers. */
async function ask (url: string, { headers = bearer(), ...question }: Question = {}): Promise<Answer> {
  return await askRaw(url, { headers, ...question })
}

async function logIn (url: string): Promise<string> {
  const response = await fetch(`${url}/login`, {
    method: 'POST', redirect: 'manual', headers: { origin: url }, body: new URLSearchParams({ key: KEY })
  })
  return response.headers.get('set-cookie')?.split(';')[0] ?? ''
}

t.test('streams an answer, event by event', async t => {
  const waiting: (() => void)[] = []
  const { upstream } = await startServer(t, async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const word of ['one', 'two', 'three']) {
      response.write(`data: ${word}\n\n`)
      await new Promise<void>(resolve => waiting.push(resolve))
    }
    response.end()
  })
  const { url } = await startGateway(t, { upstream })
  const response = await fetch(`${url}/v1/chat/completions`, { headers: bearer() })
  t.equal(response.headers.get('content-type'), 'text/event-stream')
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  for (const word of ['one', 'two', 'three']) {
    // The next one is not made before this one is read.
    t.equal((await reader?.read())?.value, `data: ${word}\n\n`)
    waiting.pop()?.()
  }
  t.equal((await reader?.read())?.done, true)
})

t.test('hands on the head of an answer before there is any of its body', async t => {
  const { upstream } = await startServer(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  })
  const { url } = await startGateway(t, { upstream })
  const response = await fetch(`${url}/v1/events`, { headers: bearer(), signal: AbortSignal.timeout(3000) }).catch(error => error)
  t.equal(response.status, 200)
  await response.body?.cancel()
})

t.test('streams an upload, piece by piece', async t => {
  const received: string[] = []
  const { upstream } = await startServer(t, async (request, response) => {
    for await (const chunk of request) received.push(String(chunk))
    response.end('done')
  })
  const { url } = await startGateway(t, { upstream })
  const body = async function * (): AsyncGenerator<string> {
    for (const word of ['one', 'two', 'three']) {
      yield word
      await until(() => received.includes(word))
    }
  }
  const response = await fetch(`${url}/api/v1/files`, {
    method: 'POST', headers: bearer(), body: Readable.from(body()), duplex: 'half'
  })
  t.equal(await response.text(), 'done')
  t.same(received, ['one', 'two', 'three'])
})

t.test('does not hold an upload of 100 MB in memory', async t => {
  const pieces = 1600
  const piece = Buffer.alloc(MEGABYTE / 16, 'piece')
  const seen = createHash('sha256')
  let size = 0
  let live = 0
  let go = (): void => {}
  const { upstream } = await startServer(t, (request, response) => {
    let next = 0
    go = () => request.on('data', chunk => {
      size += chunk.length
      seen.update(chunk)
      if (size < next) return
      next += 10 * MEGABYTE
      setImmediate(() => { live = Math.max(live, liveMemory()) })
    })
    request.on('end', () => response.end(`${size} ${seen.digest('hex')}`))
  })
  const { url } = await startGateway(t, { upstream })
  const before = liveMemory()
  const request = http.request(`${url}/api/v1/files`, {
    method: 'POST', headers: { ...bearer(), 'content-type': 'multipart/form-data; boundary=x' }, agent: false
  })
  const sent = createHash('sha256')
  let taken = 0
  const write = (): void => {
    while (taken < pieces) {
      taken++
      sent.update(piece)
      if (!request.write(piece)) return
    }
    request.end()
  }
  request.on('drain', write)
  write()
  // DB-GPT reads nothing: what was taken off the client is in buffers, and soon no more is taken.
  await settles(() => taken)
  t.ok(taken * piece.length < 40 * MEGABYTE, `${taken} of ${pieces} pieces were taken off a client whose upload nobody reads`)
  go()
  const [response] = await once(request, 'response') as [http.IncomingMessage]
  t.equal(String((await response.toArray())[0]), `${100 * MEGABYTE} ${sent.digest('hex')}`)
  const grown = (live - before) / MEGABYTE
  t.ok(grown < 50, `memory grew by ${grown} MB, of client, gateway and DB-GPT together`)
})

t.test('does not hold an answer in memory that its client does not read', async t => {
  let written = 0
  const { upstream } = await startServer(t, async (_request, response) => {
    const piece = Buffer.alloc(MEGABYTE / 16)
    while (written < 1600 && !response.destroyed) {
      written++
      // That of a client that has gone is never drained.
      if (!response.write(piece)) await once(response, 'drain')
    }
    response.end()
  })
  const { app, url } = await startGateway(t, { upstream })
  const socket = net.connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  socket.pause()
  socket.write(`GET /big HTTP/1.1\r\nhost: ${new URL(url).host}\r\nauthorization: Bearer ${KEY}\r\n\r\n`)
  await settles(() => written)
  t.ok(written < 640, `${written} of 1600 pieces were taken off DB-GPT`)
  socket.destroy()
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
        seen.length = 0
        t.equal((await ask(`${url}/v1/models`, { headers })).status, 200)
        t.match(seen, [says])
        t.equal(seen[0]?.authorization, authorization)
        t.equal(seen[0]?.cookie, 'cookie' in headers ? 'a=1; b=2' : undefined)

        seen.length = 0
        const socket = new WebSocket(url.replace('http', 'ws'), { headers: { ...headers, origin: url } })
        await once(socket, 'open')
        await until(() => seen.length > 0)
        t.match(seen, [says])
        t.equal(seen[0]?.authorization, authorization)
        t.equal(seen[0]?.cookie, 'cookie' in headers ? 'a=1; b=2' : undefined)
        t.equal(seen[0]?.host, new URL(upstream).host)
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

t.test('hands on every method, with its path, its query and its body', async t => {
  const { upstream } = await startServer(t, async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    response.setHeader('x-seen', `${request.method} ${request.url} ${body}`.trim())
    response.end(request.method)
  })
  const { url } = await startGateway(t, { upstream })
  const path = '/api/v2/a%20b/%E4%B8%89/c%2Fd;e=f?q=1&q=2&empty=&enc=%2F%3D+x'
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']) {
    const answer = await ask(url + path, { method })
    t.equal(answer.status, 200, method)
    t.equal(answer.headers['x-seen'], `${method} ${path}`)
    t.equal(answer.body, method === 'HEAD' ? '' : method)
  }
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'x/y']) {
      const answer = await ask(url + path, { method, headers: { ...bearer(), 'content-type': type, 'content-length': 3 }, body: '{"a' })
      t.equal(answer.status, 200, `${method} ${type}`)
      t.equal(answer.headers['x-seen'], `${method} ${path} {"a`)
    }
    const answer = await ask(url + path, { method, headers: { ...bearer(), 'transfer-encoding': 'chunked' }, body: 'no type' })
    t.equal(answer.headers['x-seen'], `${method} ${path} no type`)
  }
})

t.test('hands on requests with headers that belong to one connection', async t => {
  const seen: IncomingHttpHeaders[] = []
  const { upstream } = await startServer(t, async (request, response) => {
    seen.push(request.headers)
    let size = 0
    for await (const chunk of request) size += chunk.length
    response.end(String(size))
  })
  const { url } = await startGateway(t, { upstream })
  for (const extra of [
    { expect: '100-continue' }, // curl, from 1 MB on
    { 'keep-alive': 'timeout=5, max=100' },
    { upgrade: 'h2c' },
    { te: 'trailers' },
    { 'proxy-connection': 'keep-alive' }
  ]) {
    seen.length = 0
    const headers = { ...bearer(), ...extra, 'content-length': 5 }
    const answer = await ask(`${url}/api/v1/files`, { method: 'POST', headers, body: '12345' })
    t.equal(answer.status, 200, JSON.stringify(extra))
    t.equal(answer.body, '5')
    for (const name of Object.keys(extra)) t.equal(seen[0]?.[name], undefined, `${name} is not handed on`)
  }
})

t.test('answers a client that offers HTTP/2 in the clear, which not every Node can take for a request of HTTP/1.1', async t => {
  const { upstream } = await startServer(t, (_request, response) => response.end('plain'))
  const { app } = await startGateway(t, { upstream })
  // As Java's HttpClient and curl --http2 do on their first request.
  const answer = await exchange((app.server.address() as AddressInfo).port, [
    'GET /v1/models HTTP/1.1', 'host: a', 'connection: Upgrade, HTTP2-Settings', 'upgrade: h2c', 'http2-settings: AAEAAEAA',
    `authorization: Bearer ${KEY}`, '', ''
  ].join('\r\n'))
  t.match(answer, /^HTTP\/1\.1 (200|400) /)
})

t.test('hands on answers as they are', async t => {
  const asked: string[] = []
  const { upstream } = await startServer(t, (request, response) => {
    asked.push(request.url ?? '')
    const answers: Record<string, () => unknown> = {
      '/moved': () => response.writeHead(307, { location: '/elsewhere?a=%2F', 'set-cookie': ['a=1; Path=/', 'b=2; HttpOnly'] }).end(),
      '/away': () => response.writeHead(302, { location: 'https://example.com/there' }).end(),
      '/same': () => response.writeHead(304, { etag: '"x"' }).end(),
      '/nothing': () => response.writeHead(204).end(),
      '/busy': () => response.writeHead(503, { 'retry-after': '7' }).end('{"busy":true}'),
      '/zipped': () => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('zipped')),
      '/teapot': () => response.writeHead(418, { 'x-a': 'é', connection: 'close', 'keep-alive': 'timeout=1' }).end('short'),
      '/length': () => response.writeHead(200, { 'content-length': 3 }).end('abc')
    }
    answers[request.url ?? '']?.()
  })
  const { url } = await startGateway(t, { upstream })

  t.match(await ask(`${url}/moved`), {
    status: 307, headers: { location: '/elsewhere?a=%2F', 'set-cookie': ['a=1; Path=/', 'b=2; HttpOnly'] }
  })
  t.match(await ask(`${url}/away`), { status: 302, headers: { location: 'https://example.com/there' } })
  t.match(await ask(`${url}/same`), { status: 304, headers: { etag: '"x"' }, body: '' })
  t.match(await ask(`${url}/nothing`), { status: 204, body: '' })
  t.match(await ask(`${url}/teapot`), { status: 418, body: 'short' })
  t.match(await ask(`${url}/length`), { status: 200, headers: { 'content-length': '3' }, body: 'abc' })
  t.match(await ask(`${url}/length`, { method: 'HEAD' }), { status: 200, headers: { 'content-length': '3' }, body: '' })
  const zipped = await fetch(`${url}/zipped`, { headers: bearer() })
  t.equal(await zipped.text(), 'zipped')

  t.test('asks once, whatever the answer is', async t => {
    t.match(await ask(`${url}/busy`), { status: 503, headers: { 'retry-after': '7' }, body: '{"busy":true}' })
    t.equal(asked.filter(path => path === '/busy').length, 1)
  })

  t.test('says nothing of DB-GPT\'s connection', async t => {
    const { headers } = await ask(`${url}/teapot`, { headers: { ...bearer(), connection: 'keep-alive' } })
    t.equal(headers['keep-alive'] === 'timeout=1', false)
    t.not(headers.connection, 'close')
  })

  t.test('with the session\'s cookie beside DB-GPT\'s own', async t => {
    const cookie = await logIn(url)
    const { headers } = await ask(`${url}/moved`, { headers: { cookie } })
    const names = headers['set-cookie']?.map(each => each.split('=')[0])
    t.same(names?.toSorted(), ['a', 'b', 'dbgpt-session'])
  })
})

t.test('echoes over a WebSocket', async t => {
  const { upstream, server } = await startServer(t, (_request, response) => response.end())
  const sockets = new WebSocketServer({ server })
  t.teardown(() => sockets.close())
  const opened: string[] = []
  const closed: number[] = []
  sockets.on('connection', (socket, request) => {
    opened.push(`${request.url} ${socket.protocol}`)
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
    socket.on('close', code => closed.push(code))
  })
  const { url } = await startGateway(t, { upstream })
  const cookie = await logIn(url)
  for (const [title, headers] of Object.entries({
    'a Bearer key': bearer(), 'a session and the page\'s origin': { cookie, origin: url }, 'a session and Sec-Fetch-Site': { cookie, 'sec-fetch-site': 'same-origin' }
  })) {
    t.test(`with ${title}`, async t => {
      opened.length = closed.length = 0
      const socket = new WebSocket(`${url.replace('http', 'ws')}/queue/join?a=1%20b`, ['chat'], { headers })
      await once(socket, 'open')
      for (const message of ['text 三', Buffer.alloc(MEGABYTE, 7)]) {
        socket.send(message)
        const [data, isBinary] = await once(socket, 'message') as [Buffer, boolean]
        t.equal(isBinary, typeof message !== 'string')
        t.ok(data.equals(Buffer.from(message)))
      }
      t.same(opened, ['/queue/join?a=1%20b chat'])
      socket.close(4321)
      await until(() => closed.length > 0)
      t.same(closed, [4321])
    })
  }

  for (const [title, headers] of Object.entries({
    'no credentials': {}, 'a session alone': { cookie }, 'a session and another origin': { cookie, origin: 'http://evil.example' }
  })) {
    t.test(`not with ${title}`, async t => {
      opened.length = 0
      const socket = new WebSocket(url.replace('http', 'ws'), { headers })
      const error = await new Promise<Error>(resolve => socket.on('error', resolve))
      t.equal(error.message, `Unexpected server response: ${title === 'no credentials' ? 401 : 403}`)
      t.same(opened, [])
    })
  }
})

t.test('ends the WebSocket to DB-GPT whose client went away before it was there', async t => {
  const { upstream, server } = await startServer(t, () => {})
  const upgrades: (() => void)[] = []
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    upgrades.push(() => sockets.handleUpgrade(request, socket, head, () => {}))
    socket.on('error', () => {})
    socket.on('close', () => { ended = true })
  })
  let ended = false
  const { url } = await startGateway(t, { upstream })
  const client = new WebSocket(url.replace('http', 'ws'), { headers: bearer() })
  await once(client, 'open')
  await until(() => upgrades.length > 0)
  client.close()
  await once(client, 'close')
  if (!ended) upgrades[0]?.()
  await until(() => ended, 3).catch(() => {})
  t.equal(ended, true)
  server.closeAllConnections()
  for (const socket of sockets.clients) socket.terminate()
})

t.test('without an upstream', async t => {
  const [port] = await freePorts(1)
  const { url } = await startGateway(t, { upstream: `http://127.0.0.1:${port}` })

  t.test('a person reads a text', async t => {
    const answer = await ask(`${url}/flows`, { headers: { ...bearer(), accept: 'text/html,*/*' } })
    t.match(answer, {
      status: 502, body: 'DB-GPT cannot be reached\n', headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }
    })
  })

  t.test('a page reads DB-GPT\'s envelope', async t => {
    const answer = await ask(`${url}/api/v2/serve/awel/flows`)
    t.match(answer, { status: 502, headers: { 'content-type': 'application/json; charset=utf-8' } })
    t.same(JSON.parse(answer.body), { success: false, err_code: '502', err_msg: 'DB-GPT cannot be reached', data: null })
  })

  t.test('the openai client throws an error of the server\'s', async t => {
    const client = new OpenAI({ apiKey: KEY, baseURL: `${url}/v1`, maxRetries: 0 })
    const error = await rejection(client.models.list())
    t.type(error, APIError)
    t.match(error, { status: 502, code: 'upstream_unavailable', type: 'server_error', param: null })
  })

  t.test('a WebSocket is ended', async t => {
    const socket = new WebSocket(url.replace('http', 'ws'), { headers: bearer() })
    socket.on('error', () => {})
    await once(socket, 'close')
    t.equal((await ask(`${url}/health`)).status, 200)
  })
})

t.test('an upstream that is too slow is 504, in the words of who reads it', async t => {
  const { upstream } = await startServer(t, () => {})
  const { url } = await startGateway(t, { upstream, upstreamTimeoutMs: 100 })
  const [text, envelope, openai] = await Promise.all([
    ask(`${url}/`, { headers: { ...bearer(), 'sec-fetch-mode': 'navigate' } }), ask(`${url}/api/x`), ask(`${url}/v1/models`)
  ])
  t.match(text, { status: 504, body: 'DB-GPT did not answer in time\n' })
  t.equal(envelope?.status, 504)
  t.match(JSON.parse(envelope?.body ?? ''), { success: false, err_code: '504', data: null })
  t.match(JSON.parse(openai?.body ?? ''), { error: { code: 'upstream_timeout', type: 'server_error', param: null } })
})

t.test('an upstream that hangs up', async t => {
  const { upstream } = await startServer(t, (request, response) => {
    if (request.url === '/v1/cut') response.write('data: one\n\n', () => request.socket.resetAndDestroy())
    else request.socket.destroy()
  })
  const { url } = await startGateway(t, { upstream })

  t.test('before its answer is 502', async t => {
    t.equal((await ask(`${url}/v1/models`)).status, 502)
    t.equal((await ask(`${url}/v1/files`, { method: 'POST', body: 'x' })).status, 502)
  })

  t.test('in its answer cuts it off for the client, too', async t => {
    t.ok(await rejection(ask(`${url}/v1/cut`)))
    t.equal((await ask(`${url}/health`)).status, 200)
  })
})

t.test('a client that goes away takes its request along', async t => {
  const open = new Map<string, 'open' | 'ended'>()
  const { upstream } = await startServer(t, (request, response) => {
    const path = request.url ?? ''
    open.set(path, 'open')
    response.once('close', () => open.set(path, 'ended'))
    if (path === '/streaming') response.write('data: one\n\n')
    if (path === '/uploading') request.resume()
  })
  const { url } = await startGateway(t, { upstream })
  const cookie = await logIn(url)
  for (const headers of [bearer(), { cookie, origin: url }]) {
    for (const path of ['/thinking', '/streaming', '/uploading']) {
      open.delete(path)
      const request = http.request(url + path, { method: path === '/uploading' ? 'POST' : 'GET', headers, agent: false })
      request.on('error', () => {})
      if (path === '/uploading') request.write('some of it')
      else request.end()
      if (path === '/streaming') {
        const [response] = await once(request, 'response') as [http.IncomingMessage]
        response.on('error', () => {})
        await once(response, 'data')
      }
      await until(() => open.get(path) === 'open')
      request.destroy()
      t.ok(await until(() => open.get(path) === 'ended') < 1000, path)
    }
  }
})

t.test('serves the openai client in front of the stand-in', async t => {
  const { url } = await startGateway(t)
  const client = new OpenAI({ apiKey: KEY, baseURL: `${url}/v1`, maxRetries: 0 })
  const body = { model: 'echo', messages: [{ role: 'user' as const, content: 'Hello you' }] }
  t.same((await client.models.list()).data.map(({ id }) => id), ['echo'])
  const completion = await client.chat.completions.create(body)
  t.equal(completion.choices[0]?.message.content, 'You said: Hello you')
  const words: unknown[] = []
  for await (const chunk of await client.chat.completions.create({ ...body, stream: true })) {
    words.push(chunk.choices[0]?.delta.content)
  }
  t.same(words, ['', 'You ', 'said: ', 'Hello ', 'you', undefined])
  const wrong = new OpenAI({ apiKey: 'wrong', baseURL: `${url}/v1`, maxRetries: 0 })
  t.match(await rejection(wrong.models.list()), { status: 401, code: 'invalid_api_key' })
})
