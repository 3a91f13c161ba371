import { once } from 'node:events'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { createApiKey } from 'fastify-dbgpt-auth'
import { bearer, KEY, WRONG_KEY } from '../../../test/support/app.ts'
import { shortenTimers } from '../../../test/support/clock.ts'
import { ask } from '../support/gateway-client.ts'
import { startGateway } from '../support/gateway.ts'
import { keepLog } from '../../../test/support/log-lines.ts'
import { startRecordedGateway } from '../support/recorder.ts'
import { exchange, provoke } from '../../../test/support/socket.ts'
import { until } from '../../../test/support/until.ts'
import { startServer } from '../support/upstream.ts'
import { handshake } from '../support/websocket.ts'

const FORM = 'host: a\r\norigin: http://a\r\ncontent-type: application/x-www-form-urlencoded\r\n'
const AUTHORIZATION = `authorization: Bearer ${KEY}\r\n`

t.test('the body of a request that is not let in has 30 seconds', async t => {
  const timers = shortenTimers(t, 30_000)
  const { lines, logger } = keepLog()
  const { port, url } = await startRecordedGateway(t, { logger, streamCheckMs: 3_600_000 })
  for (const [title, head, status] of [
    ['of the login form', `POST /login HTTP/1.1\r\n${FORM}content-length: 100\r\n\r\nkey=`, 408],
    ['of the login form, in chunks', `POST /login HTTP/1.1\r\n${FORM}transfer-encoding: chunked\r\n\r\n4\r\nkey=\r\n`, 408],
    ['of a logout', `POST /logout HTTP/1.1\r\n${FORM}content-length: 100\r\n\r\na`, 408],
    ['of a request without a key', 'POST /v1/x HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\na', 401],
    ['of a request with a wrong one', `POST /v1/x HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${WRONG_KEY}\r\ncontent-length: 100\r\n\r\na`, 401],
    ['of one from another origin', 'POST /v1/x HTTP/1.1\r\nhost: a\r\ncookie: a=b\r\norigin: http://b\r\ncontent-length: 100\r\n\r\na', 403],
    ['of a question for health', 'GET /health HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\na', 200]
  ] as const) {
    const said = lines.length
    t.match(await provoke(port, head), new RegExp(`^HTTP/1\\.1 ${status} `), title)
    t.match(lines.slice(said).filter(({ msg }) => msg === 'A body did not come in time'), [{ level: 30, ip: '127.0.0.1' }], title)
  }
  t.same(lines.filter(({ level }) => level > 30), [], 'it is no fault')

  t.test('but not if there is none, nor if it has come', async t => {
    const before = timers()
    t.equal((await ask(`${url}/health`)).status, 200)
    t.equal(timers(), before)
    t.equal((await ask(`${url}/v1/x`, { method: 'POST', body: 'a' })).status, 401)
    t.ok(timers() > before)
  })

  t.test('nor if it is of one that is let in', async t => {
    const before = timers()
    const socket = net.connect(port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    socket.write(`POST /v1/x HTTP/1.1\r\nhost: a\r\n${AUTHORIZATION}content-length: 2\r\n\r\na`)
    await until(() => timers() > before)
    // Such a timer that is set later goes off later.
    t.match(await provoke(port, 'POST /v1/x HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\na'), /^HTTP\/1\.1 401 /)
    t.equal(socket.destroyed, false)
    socket.write('b')
    const [answer] = await once(socket, 'data') as [Buffer]
    t.match(String(answer), /^HTTP\/1\.1 200 /)
  })
})

t.test('one whose body has come waits for its check as long as that takes', async t => {
  const timers = shortenTimers(t, 30_000)
  const record = createApiKey(KEY)
  const waiting: (() => void)[] = []
  const keys = { find: async () => await new Promise<typeof record>(resolve => waiting.push(() => resolve(record))) }
  const { port, seen } = await startRecordedGateway(t, { auth: { keys, env: {}, logLevel: 'silent' }, streamCheckMs: 3_600_000 })
  const answer = exchange(port, `POST /v1/x HTTP/1.1\r\nhost: a\r\n${AUTHORIZATION}content-length: 2\r\nconnection: close\r\n\r\nab`)
  await until(() => timers() === 1 && waiting.length === 1)
  // Such a timer that is set later goes off later.
  t.match(await provoke(port, 'POST /v1/x HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\na'), /^HTTP\/1\.1 401 /)
  for (const goOn of waiting) goOn()
  t.match(await answer, /^HTTP\/1\.1 200 /)
  t.match(seen, [{ url: '/v1/x', body: 'ab' }])
})

t.test('what is sent behind a request', async t => {
  const { port, seen } = await startRecordedGateway(t)
  const second = `POST /second HTTP/1.1\r\nhost: a\r\n${AUTHORIZATION}content-length: 0\r\nconnection: close\r\n\r\n`

  t.test('that is refused and ends the connection is not done', async t => {
    for (const [title, credentials] of [['without a key', ''], ['with a wrong one', `authorization: Bearer ${WRONG_KEY}\r\n`]] as const) {
      const first = `POST /first HTTP/1.1\r\nhost: a\r\n${credentials}transfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n`
      const answer = await provoke(port, first + second)
      t.equal(answer.match(/^HTTP\/1\.1 40[13]/gm)?.length, 1, title)
      t.same(seen, [], title)
    }
  })

  t.test('that keeps it is done, and answered in its turn', async t => {
    const answer = await provoke(port, `GET /first HTTP/1.1\r\nhost: a\r\n\r\nGET /health HTTP/1.1\r\nhost: a\r\n\r\n${second}`)
    t.same(answer.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 401', 'HTTP/1.1 200', 'HTTP/1.1 200'])
    t.same(seen.map(({ url }) => url), ['/second'])
  })
})

t.test('a client that goes away is no fault', async t => {
  const { lines, logger } = keepLog()
  const open = new Set<object>()
  const { upstream } = await startServer(t, (_request, response) => {
    open.add(response)
    response.once('close', () => open.delete(response))
  })
  const { app, url } = await startGateway(t, { upstream, logger, maxAttempts: 1000 })
  const { port } = app.server.address() as AddressInfo
  for (const bytes of [
    'GET /v1/models HTTP/1.1\r\nhost: a\r\n\r\n',
    'GET /flows HTTP/1.1\r\nhost: a\r\naccept: text/html\r\n\r\n',
    'POST /v1/x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n',
    `POST /v1/x HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${WRONG_KEY}\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n`,
    `POST /login HTTP/1.1\r\n${FORM}content-length: 7\r\n\r\nkey=abc`,
    `POST /login HTTP/1.1\r\n${FORM}content-length: 100\r\n\r\nkey=`,
    `GET /v1/models HTTP/1.1\r\nhost: a\r\n${AUTHORIZATION}\r\n`,
    `POST /v1/x HTTP/1.1\r\nhost: a\r\n${AUTHORIZATION}content-length: 1000\r\n\r\nabc`,
    handshake('/queue'), handshake('/queue', [])
  ]) {
    for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
      for (const soon of [true, false]) {
        const socket = net.connect(port, '127.0.0.1')
        socket.on('error', () => {})
        await once(socket, 'connect')
        socket.write(bytes, () => {
          // In one turn of the server with the request, or after it.
          if (soon) socket[leave]()
          else setImmediate(() => setImmediate(() => { socket[leave]() }))
        })
        socket.resume()
        await once(socket, 'close')
      }
    }
  }
  await until(() => open.size === 0)
  t.equal((await ask(`${url}/health`, { headers: bearer() })).status, 200)
  t.same(lines.filter(({ level }) => level > 30), [])
})
