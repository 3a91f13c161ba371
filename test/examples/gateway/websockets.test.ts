import { once } from 'node:events'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { bearer } from '../../support/app.ts'
import { logIn } from '../../support/gateway-client.ts'
import { until } from '../../support/files.ts'
import { startGateway } from '../../support/gateway.ts'
import { MEGABYTE } from '../../support/memory.ts'
import { startServer } from '../../support/upstream.ts'

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
