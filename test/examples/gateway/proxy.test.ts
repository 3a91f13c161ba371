import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { bearer, KEY } from '../../support/app.ts'
import { until } from '../../support/until.ts'
import { askWithKey as ask, logIn } from '../../support/gateway-client.ts'
import { startGateway } from '../../support/gateway.ts'
import { MEGABYTE } from '../../support/memory.ts'
import { converse } from '../../support/openai.ts'
import { exchange } from '../../support/socket.ts'
import { startServer } from '../../support/upstream.ts'

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
    t.equal(answer.headers['x-seen'], `${method} ${path}`, method)
    t.equal(answer.body, method === 'HEAD' ? '' : method, method)
  }
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'x/y']) {
      const answer = await ask(url + path, { method, headers: { ...bearer(), 'content-type': type, 'content-length': 3 }, body: '{"a' })
      t.equal(answer.status, 200, `${method} ${type}`)
      t.equal(answer.headers['x-seen'], `${method} ${path} {"a`, `${method} ${type}`)
    }
    const answer = await ask(url + path, { method, headers: { ...bearer(), 'transfer-encoding': 'chunked' }, body: 'no type' })
    t.equal(answer.headers['x-seen'], `${method} ${path} no type`, `${method} without a type`)
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
    t.equal(answer.body, '5', JSON.stringify(extra))
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

  t.test('with the cookies that are DB-GPT\'s own, and no other', async t => {
    const cookie = await logIn(url)
    const { headers } = await ask(`${url}/moved`, { headers: { cookie } })
    const names = headers['set-cookie']?.map(each => each.split('=')[0])
    t.same(names?.toSorted(), ['a', 'b'])
  })
})

t.test('serves the openai client in front of the stand-in', async t => {
  const { url } = await startGateway(t)
  await converse(t, url)
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
        t.equal(isBinary, typeof message !== 'string', typeof message)
        t.ok(data.equals(Buffer.from(message)), typeof message)
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
