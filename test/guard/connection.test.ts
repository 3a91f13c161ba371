import { spawn } from 'node:child_process'
import { once } from 'node:events'
import http2 from 'node:http2'
import type net from 'node:net'
import { text } from 'node:stream/consumers'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import dbgptAuth, { createApiKey } from '../../lib/index.ts'
import { bearer, BODY_401, CHALLENGE, type Harness, harness, KEY, WRONG_KEY } from '../support/app.ts'
import { exchange, KeptConnection, listen } from '../support/socket.ts'
import { shown } from '../support/shown.ts'

const UPLOAD = 200 * 1024 * 1024

/** Opens connections that ask for an upgrade, and resolves with all answers once the server has ended them. */
async function upgrades (port: number, count: number): Promise<string[]> {
  const request = 'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n'
  return await Promise.all(Array.from({ length: count }, async () => await exchange(port, request)))
}

const orders: Readonly<Record<string, (harness: Harness) => Promise<void>>> = {
  'after the guard': async ({ app, guard }) => { await guard(); await app.register(websocket) },
  'before the guard': async ({ app, guard }) => { await app.register(websocket); await guard() }
}
for (const [order, register] of Object.entries(orders)) {
  t.test(`refused WebSocket upgrades leave no socket open, with @fastify/websocket ${order}`, async t => {
    const made = harness(t)
    const { app } = made
    await register(made)
    let runs = 0
    app.get('/ws', { websocket: true }, (socket, request) => {
      runs++
      socket.on('message', () => socket.send(request.apiKey?.id ?? 'nobody'))
    })
    const port = await listen(app)
    for (const answer of await upgrades(port, 200)) {
      t.match(answer, /^HTTP\/1\.1 401 /, shown(answer))
      t.match(answer, /\r\nconnection: close\r\n/i, shown(answer))
      t.ok(answer.endsWith(BODY_401), shown(answer))
    }
    const connections = await new Promise((resolve, reject) => {
      app.server.getConnections((error, count) => error === null ? resolve(count) : reject(error))
    })
    t.equal(connections, 0)
    t.equal(runs, 0, 'the handler did not run')

    const refused = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers: bearer(WRONG_KEY) })
    const [error] = await once(refused, 'error')
    t.match(error.message, /401/)
    const client = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers: bearer() })
    await once(client, 'open')
    client.send('who am I?')
    const [message] = await once(client, 'message')
    t.equal(String(message), createApiKey(KEY).id)
    client.terminate()
    await app.close()
  })
}

t.test('an upgrade that nobody serves is an ordinary refused request', async t => {
  const { app, guard } = harness(t)
  await guard()
  const connection = new KeptConnection(await listen(app))
  const request = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  t.match(await connection.ask(request), /^HTTP\/1\.1 401 /)
  t.match(await connection.ask(request), /^HTTP\/1\.1 401 /)
  connection.socket.destroy()
})

/** Starts a server that counts what its sockets have read. */
async function countingServer (t: Test): Promise<{ port: number, bytesRead: () => number, runs: () => number }> {
  const { app, guard } = harness(t, { bodyLimit: UPLOAD })
  await guard()
  const sockets: net.Socket[] = []
  app.server.on('connection', socket => { sockets.push(socket) })
  let runs = 0
  app.post('/', () => `run ${++runs}`)
  const port = await listen(app)
  return { port, bytesRead: () => sockets.reduce((sum, socket) => sum + socket.bytesRead, 0), runs: () => runs }
}

/** Runs curl with a body of {@link UPLOAD} bytes on its standard input, and returns the status it read. */
async function curl (port: number, headers: readonly string[]): Promise<string> {
  const client = spawn('curl', [
    '--silent', '--max-time', '30', '--write-out', '%{http_code}', '--output', '/dev/null', '--data-binary', '@-',
    ...headers.flatMap(header => ['--header', header]), `http://127.0.0.1:${port}/`
  ])
  client.stdin.on('error', () => {}) // it stops reading when it is refused
  client.stdin.end(Buffer.alloc(UPLOAD))
  return await text(client.stdout)
}

t.test('a refused upload of 200 MB is cut after a small part, and curl reads the 401', async t => {
  for (const headers of [['Transfer-Encoding: chunked'], ['Expect:'], ['Expect: 100-continue']]) {
    const { port, bytesRead, runs } = await countingServer(t)
    t.equal(await curl(port, headers), '401', shown(headers))
    t.ok(bytesRead() < UPLOAD / 20, `${headers[0]} read ${bytesRead()} bytes`)
    t.equal(runs(), 0, shown(headers))
  }
})

t.test('a refused upload of 200 MB is cut after a small part, and fetch reads the 401', async t => {
  const { port, bytesRead, runs } = await countingServer(t)
  const chunk = new Uint8Array(1 << 16)
  let sent = 0
  const body = new ReadableStream({
    pull (controller) {
      sent += chunk.length
      if (sent > UPLOAD) controller.close()
      else controller.enqueue(chunk)
    }
  })
  const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body, duplex: 'half' } as RequestInit)
  t.equal(answer.status, 401)
  t.equal(await answer.text(), BODY_401)
  t.ok(bytesRead() < UPLOAD / 20, `read ${bytesRead()} bytes`)
  t.equal(runs(), 0)
})

t.test('a refused small POST leaves its connection usable', async t => {
  const { port, runs } = await countingServer(t)
  const connection = new KeptConnection(port)
  const post = (headers: string): string =>
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 65536\r\n${headers}\r\n${'x'.repeat(65_536)}`
  const refused = await connection.ask(post(''))
  t.match(refused, /^HTTP\/1\.1 401 /)
  t.notMatch(refused, /connection: close/i)
  t.match(await connection.ask(post(`Authorization: Bearer ${KEY}\r\n`)), /run 1$/)
  t.equal(runs(), 1)
  connection.socket.destroy()
})

t.test('a client that waits for 100 Continue reads the 401', async t => {
  const { port } = await countingServer(t)
  const connection = new KeptConnection(port)
  const first = await connection.ask('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n')
  t.match(first, /^HTTP\/1\.1 100 Continue/)
  t.match(await connection.next(), /^HTTP\/1\.1 401 /)
  connection.socket.write('body')
  t.match(await connection.ask('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), /^HTTP\/1\.1 401 /)
  connection.socket.destroy()
})

t.test('pipelined requests are each answered for themselves', async t => {
  const { port } = await countingServer(t)
  const get = (headers: string): string => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n${headers}\r\n`
  const good = `Authorization: Bearer ${KEY}\r\n`
  const answers = await exchange(port, get('') + get(good) + get('') + get(`${good}Connection: close\r\n`))
  t.same(answers.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 401', 'HTTP/1.1 200', 'HTTP/1.1 401', 'HTTP/1.1 200'])
})

t.test('HTTP/1.0 is guarded', async t => {
  const { port, runs } = await countingServer(t)
  t.match(await exchange(port, 'POST / HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 401 /)
  t.match(await exchange(port, `POST / HTTP/1.0\r\nAuthorization: Bearer ${WRONG_KEY}\r\n\r\n`), /^HTTP\/1\.1 401 /)
  t.equal(runs(), 0)
  t.match(await exchange(port, `POST / HTTP/1.0\r\nAuthorization: Bearer ${KEY}\r\n\r\n`), /^HTTP\/1\.1 200 /)
})

t.test('HTTP/2 is guarded, a refused upload included', async t => {
  const app = Fastify({ http2: true })
  await app.register(dbgptAuth, { env: { API_KEYS: KEY } })
  let runs = 0
  app.post('/', request => `run ${++runs} ${request.apiKey?.id}`)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const session = http2.connect(app.listeningOrigin)
  t.teardown(async () => {
    session.destroy()
    await app.close()
  })
  const ask = async (headers: object, body?: Buffer): Promise<[http2.IncomingHttpHeaders, string]> => {
    const stream = session.request({ ':method': 'POST', ':path': '/', 'content-type': 'text/plain', ...headers })
    stream.end(body)
    const [answer] = await once(stream, 'response')
    return [answer, await text(stream)]
  }
  for (const headers of [{}, bearer(WRONG_KEY)]) {
    const [answer, body] = await ask(headers, Buffer.alloc(1 << 20))
    t.equal(answer[':status'], 401, shown(headers))
    t.match(answer['www-authenticate'], CHALLENGE, shown(headers))
    t.equal(body, BODY_401, shown(headers))
  }
  t.equal(runs, 0)
  t.equal((await ask(bearer()))[1], `run 1 ${createApiKey(KEY).id}`)
})
