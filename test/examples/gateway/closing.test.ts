import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import t from 'tap'
import { WebSocket } from 'ws'
import { bearer, KEY } from '../../support/app.ts'
import { ask } from '../../support/gateway-client.ts'
import { until } from '../../support/files.ts'
import { startGateway } from '../../support/gateway.ts'
import { startStreams } from '../../support/streams.ts'
import { startServer } from '../../support/upstream.ts'

t.test('at the end', async t => {
  t.test('a request that can finish does, and nothing new begins', async t => {
    let finish = (): void => {}
    const { upstream } = await startServer(t, (_request, response) => { finish = () => response.end('finished') })
    const { app, url } = await startGateway(t, { upstream, closeGraceMs: 30_000 })
    const asked = ask(`${url}/v1/models`, { headers: bearer() })
    let isFinishing = false
    await until(() => String(finish).includes('finished'))
    const closing = app.close().then(() => { isFinishing = true })
    await until(async () => await ask(`${url}/health`).then(({ status }) => status === 503, ({ code }) => code === 'ECONNREFUSED'))
    t.equal(isFinishing, false)
    finish()
    t.match(await asked, { status: 200, body: 'finished' })
    await closing
  })

  t.test('a stream that does not finish is ended after a while, and DB-GPT\'s with it', async t => {
    const { app, open, stream } = await startStreams(t, { closeGraceMs: 100 })
    const isEnded = await stream('/stream', bearer())
    const begin = performance.now()
    await app.close()
    t.ok(performance.now() - begin > 90, 'not at once')
    await until(() => isEnded() && open.size === 0)
  })

  t.test('a WebSocket is told, and ends', async t => {
    const { app, open, socket } = await startStreams(t, { closeGraceMs: 30_000 })
    const client = await socket('/socket', bearer())
    const closed = once(client, 'close')
    const begin = performance.now()
    await app.close()
    await closed
    t.ok(performance.now() - begin < 25_000, 'it was not waited for')
    await until(() => open.size === 0)
  })

  t.test('a WebSocket whose client never answers is ended after a while, and none begins meanwhile', async t => {
    const { app, url, open } = await startStreams(t, { closeGraceMs: 100 })
    const port = Number(new URL(url).port)
    const silent = net.connect(port, '127.0.0.1')
    silent.on('error', () => {}).resume()
    silent.write([
      'GET /socket HTTP/1.1', 'host: a', 'connection: Upgrade', 'upgrade: websocket', 'sec-websocket-version: 13',
      'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==', `authorization: Bearer ${KEY}`, '', ''
    ].join('\r\n'))
    await until(() => open.has('/socket'))
    const begin = performance.now()
    const closing = app.close()
    const late = new WebSocket(`${url.replace('http', 'ws')}/late`, { headers: bearer() })
    const [error] = await once(late, 'error') as [Error]
    t.ok(error, 'a late one is refused')
    t.equal(open.has('/late'), false)
    await closing
    t.ok(performance.now() - begin < 25_000, 'ws itself would wait for the client for 30 seconds')
    await until(() => silent.closed && open.size === 0)
  })

  t.test('an upload that goes on for ever is ended as well', async t => {
    const { app, url } = await startStreams(t, { closeGraceMs: 50 })
    const request = http.request(`${url}/stream/upload`, { method: 'POST', headers: bearer(), agent: false })
    request.on('error', () => {})
    request.write('some of it')
    await once(request, 'response')
    await app.close()
    await until(() => request.destroyed)
    t.pass()
  })
})
