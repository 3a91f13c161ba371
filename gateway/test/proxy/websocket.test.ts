import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { createApiKey } from 'fastify-dbgpt-auth'
import { bearer, KEY } from '../../../test/support/app.ts'
import { ask, logIn } from '../support/gateway-client.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { liveMemory, MEGABYTE } from '../support/memory.ts'
import { freePorts } from '../../../test/support/redis.ts'
import { exchange, provoke } from '../../../test/support/socket.ts'
import { until } from '../../../test/support/until.ts'
import { startServer } from '../support/upstream.ts'
import { connectSilent, handshake } from '../support/websocket.ts'

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

/** Starts a gateway in front of a DB-GPT that does with each WebSocket's handshake what it is told to. */
async function startUpgrades (
  t: Test, onUpgrade: (socket: Duplex) => void, options: Parameters<typeof startGateway>[1] = {}
): Promise<Gateway & { port: number }> {
  const { upstream, server } = await startServer(t, (_request, response) => response.end('plain'))
  server.on('upgrade', (_request, socket) => {
    socket.on('error', () => {})
    t.teardown(() => socket.destroy())
    onUpgrade(socket)
  })
  const gateway = await startGateway(t, { ...options, upstream })
  return { ...gateway, port: (gateway.app.server.address() as AddressInfo).port }
}

t.test('a WebSocket goes no faster than its slower side reads', async t => {
  const MESSAGE = Buffer.alloc(MEGABYTE / 4)
  /** Sends until nothing has been taken off the sender for 30 looks at it, and at most 128 MB. */
  const fill = async (socket: WebSocket): Promise<number> => {
    let [sent, last, looks] = [0, 0, 0]
    const send = (): void => { if (sent < 512) socket.send(MESSAGE, () => { sent++; setImmediate(send) }) }
    send()
    await until(() => {
      looks = sent === last ? looks + 1 : 0
      last = sent
      return sent > 0 && looks >= 30
    }, 60)
    return sent * MESSAGE.length / MEGABYTE
  }
  const { upstream, server } = await startServer(t, () => {})
  const sockets = new WebSocketServer({ server, perMessageDeflate: false })
  const ends: WebSocket[] = []
  let received = 0
  sockets.on('connection', (socket, { url }) => {
    ends.push(socket)
    if (url === '/up') socket.pause()
    socket.on('message', (data: Buffer) => { received += data.length })
  })
  const { url } = await startGateway(t, { upstream })

  t.test('which may be its client', async t => {
    const before = liveMemory()
    const client = connectSilent(url, '/down')
    await until(() => ends.length === 1)
    const taken = await fill(ends[0] as WebSocket)
    const grown = (liveMemory() - before) / MEGABYTE
    t.comment(`${taken} MB were taken off DB-GPT, and ${grown.toFixed(1)} MB more are in memory`)
    t.ok(taken < 64, `${taken} MB were taken off DB-GPT`)
    t.ok(grown < 32, `memory grew by ${grown} MB`)
    client.destroy()
    await once(ends[0] as WebSocket, 'close')
  })

  t.test('or DB-GPT, and goes on when that reads again', async t => {
    const before = liveMemory()
    const client = new WebSocket(`${url.replace('http', 'ws')}/up`, { headers: bearer(), perMessageDeflate: false })
    t.teardown(() => client.terminate())
    await once(client, 'open')
    const taken = await fill(client)
    const grown = (liveMemory() - before) / MEGABYTE
    t.comment(`${taken} MB were taken off the client, and ${grown.toFixed(1)} MB more are in memory`)
    t.ok(taken < 64, `${taken} MB were taken off the client`)
    t.ok(grown < 32, `memory grew by ${grown} MB`)
    ends[1]?.resume()
    await until(() => received >= taken * MEGABYTE)
    t.pass()
  })
  t.teardown(() => sockets.close())
})

t.test('a WebSocket to a DB-GPT that is down is answered 502', async t => {
  const [port] = await freePorts(1)
  const { app } = await startGateway(t, { upstream: `http://127.0.0.1:${port}` })
  const answer = await exchange((app.server.address() as AddressInfo).port, handshake('/queue'))
  t.match(answer, /^HTTP\/1\.1 502 [^]*connection: close\r\n[^]*"code":"upstream_unavailable"/i)
})

t.test('a WebSocket that DB-GPT', async t => {
  t.test('does not answer is answered 504', async t => {
    const { port } = await startUpgrades(t, () => {}, { upstreamTimeoutMs: 50 })
    t.match(await exchange(port, handshake('/queue')), /^HTTP\/1\.1 504 [^]*"code":"upstream_timeout"/)
  })

  t.test('hangs up on is answered 502', async t => {
    const { port } = await startUpgrades(t, socket => socket.destroy())
    t.match(await exchange(port, handshake('/queue')), /^HTTP\/1\.1 502 /)
  })

  t.test('refuses is refused in the same words', async t => {
    const { port } = await startUpgrades(t, socket => {
      socket.end('HTTP/1.1 403 Forbidden\r\nx-a: b\r\ntransfer-encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n')
    })
    t.match(await exchange(port, handshake('/queue')), /^HTTP\/1\.1 403 Forbidden\r\n[^]*x-a: b\r\n[^]*\r\n\r\n2\r\nno\r\n0\r\n\r\n$/)
  })

  t.test('has not answered yet ends with its client', async t => {
    for (const leave of ['destroy', 'end', 'resetAndDestroy'] as const) {
      const states: string[] = []
      const { url } = await startUpgrades(t, socket => {
        states.push('pending')
        for (const end of ['end', 'close']) socket.resume().once(end, () => states.push(end))
      })
      const client = connectSilent(url, '/queue')
      await until(() => states.length === 1)
      client[leave]()
      await until(() => states.length > 1)
      t.pass(leave)
    }
  })

  t.test('is not asked of it where its client has gone before its key is known', async t => {
    const record = createApiKey(KEY)
    const waiting: (() => void)[] = []
    const keys = { find: async () => await new Promise<typeof record>(resolve => waiting.push(() => resolve(record))) }
    let asked = 0
    const { app, url } = await startUpgrades(t, () => { asked++ }, { auth: { keys, env: {}, logLevel: 'silent' }, streamCheckMs: 3_600_000 })
    const ended = new Promise<void>(resolve => app.server.on('upgrade', (_request, socket) => socket.once('end', resolve)))
    const client = connectSilent(url, '/queue').resume()
    await until(() => waiting.length === 1)
    client.end()
    await ended
    for (const goOn of waiting) goOn()
    await until(() => client.closed)
    t.equal(asked, 0)
  })

  t.test('ends with more than its client has read yet is read to its end', async t => {
    const { upstream, server } = await startServer(t, () => {})
    const sockets = new WebSocketServer({ server })
    sockets.on('connection', socket => {
      socket.send(Buffer.alloc(MEGABYTE / 4))
      socket.close(4321)
    })
    const { url } = await startGateway(t, { upstream })
    const client = new WebSocket(url.replace('http', 'ws'), { headers: bearer() })
    let size = 0
    client.on('message', (data: Buffer) => { size += data.length })
    const [code] = await once(client, 'close')
    t.same([size, code], [MEGABYTE / 4, 4321])
    sockets.close()
  })
})

t.test('an upgrade to anything else is ignored', async t => {
  const upgraded: Duplex[] = []
  const { port } = await startUpgrades(t, socket => { upgraded.push(socket) })
  const key = `authorization: Bearer ${KEY}`
  // As Java's HttpClient and curl --http2 do on their first request.
  const h2c = ['host: a', 'connection: Upgrade, HTTP2-Settings, close', 'upgrade: h2c', 'http2-settings: AAEAAEAA', key]
  for (const [title, lines] of Object.entries({
    'to HTTP/2': ['GET /v1/models HTTP/1.1', ...h2c, '', ''],
    'with a body': ['POST /v1/models HTTP/1.1', ...h2c, 'content-length: 5', '', 'abcde'],
    'with a body in chunks': ['POST /v1/models HTTP/1.1', ...h2c, 'transfer-encoding: chunked', '', '5', 'abcde', '0', '', ''],
    'to a WebSocket by another method': handshake('/queue', [key, 'connection: close', 'content-length: 0']).replace('GET', 'POST').split('\r\n'),
    'to a WebSocket of another version': handshake('/queue', [key, 'connection: close']).replace('13', '8').split('\r\n'),
    'to a WebSocket without a key': ['GET /queue HTTP/1.1', 'host: a', 'connection: Upgrade, close', 'upgrade: websocket', key, '', '']
  })) t.match(await exchange(port, lines.join('\r\n')), /^HTTP\/1\.1 200 OK\r\n[^]*plain$/, title)
  t.same(upgraded, [])
})

t.test('an upgrade behind a request that is not answered yet ends the connection, and nothing else', async t => {
  const { port, url } = await startUpgrades(t, () => {})
  for (const first of ['/v1/models', '/%zz']) {
    for (const second of [handshake('/queue'), handshake('/queue').replace('websocket', 'h2c')]) {
      await provoke(port, `GET ${first} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${KEY}\r\n\r\n${second}`)
      t.equal((await ask(`${url}/health`)).status, 200, first)
    }
  }
})
