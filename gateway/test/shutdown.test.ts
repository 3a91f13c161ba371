import { once } from 'node:events'
import type http from 'node:http'
import net from 'node:net'
import t, { type Test } from 'tap'
import { KEY } from '../../test/support/app.ts'
import { ask, askWithKey } from './support/gateway-client.ts'
import { type Gateway, startGateway } from './support/gateway.ts'
import { startStreams } from './support/streams.ts'
import { until } from '../../test/support/until.ts'
import { startServer } from './support/upstream.ts'

/** Longer than a test may take: whoever waits for it has been held. */
const GRACE_MS = 3_600_000
const HEAD = `host: a\r\nauthorization: Bearer ${KEY}\r\n`

interface Connection {
  readonly socket: net.Socket
  readonly received: () => string
}

async function connect (t: Test, { url }: Gateway, text: string): Promise<Connection> {
  const socket = net.connect(Number(new URL(url).port), '127.0.0.1')
  t.teardown(() => socket.destroy())
  let received = ''
  socket.on('error', () => {}).on('data', chunk => { received += String(chunk) })
  await once(socket, 'connect')
  socket.write(text)
  return { socket, received: () => received }
}

t.test('the end is not held', async t => {
  t.test('by connections that say nothing, not all, or nothing more', async t => {
    const { upstream } = await startServer(t, (_request, response) => response.end('done'))
    const gateway = await startGateway(t, { upstream, closeGraceMs: GRACE_MS })
    const connections = [
      await connect(t, gateway, ''),
      await connect(t, gateway, 'GET /'),
      await connect(t, gateway, 'GET /x HTTP/1.1\r\nhost: a\r\n'),
      await connect(t, gateway, `GET /x HTTP/1.1\r\n${HEAD}\r\n`)
    ]
    const [last] = connections.slice(-1)
    await until(() => last?.received().includes('done') === true)
    await gateway.app.close()
    await until(() => connections.every(({ socket }) => socket.closed))
  })

  t.test('by a connection that is kept after its last answer, which it gets', async t => {
    const held: http.ServerResponse[] = []
    const { upstream } = await startServer(t, (_request, response) => { held.push(response) })
    const gateway = await startGateway(t, { upstream, closeGraceMs: GRACE_MS })
    const { socket, received } = await connect(t, gateway, `GET /x HTTP/1.1\r\n${HEAD}\r\n`)
    await until(() => held.length === 1)
    let isOver = false
    const closing = gateway.app.close().then(() => { isOver = true })
    await until(() => gateway.app.isClosing())
    t.equal(isOver, false)
    for (const response of held) response.end('done')
    await closing
    await until(() => socket.closed)
    t.match(received(), /^HTTP\/1\.1 200 [^]*done/)
  })

  t.test('by a WebSocket whose client does not answer', async t => {
    const gateway = await startStreams(t, { closeGraceMs: GRACE_MS })
    const { socket } = await connect(t, gateway, `GET /socket HTTP/1.1\r\n${HEAD}${[
      'connection: Upgrade', 'upgrade: websocket', 'sec-websocket-version: 13', 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==', '', ''
    ].join('\r\n')}`)
    await until(() => gateway.open.has('/socket'))
    await gateway.app.close()
    await until(() => socket.closed && gateway.open.size === 0)
  })
})

t.test('before the end, whoever sends requests is told to look elsewhere', async t => {
  const { app, url } = await startGateway(t)
  t.match(await ask(`${url}/ready`), { status: 200, body: '{"status":"ok"}' })
  await app.drain(0)
  t.match(await ask(`${url}/ready`), { status: 503, body: '{"status":"closing"}' })
  t.equal((await ask(`${url}/health`)).status, 200)
  t.equal((await askWithKey(`${url}/v1/models`)).status, 200)
})
