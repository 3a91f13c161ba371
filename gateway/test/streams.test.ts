import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import t from 'tap'
import { WebSocket } from 'ws'
import { createApiKey, MemoryKeyStore } from 'fastify-dbgpt-auth'
import { bearer, KEY, OTHER_KEY } from '../../test/support/app.ts'
import { moveClock } from '../../test/support/clock.ts'
import { until } from '../../test/support/until.ts'
import { ask, logIn, sendForm } from './support/gateway-client.ts'
import { startGateway } from './support/gateway.ts'
import { liveMemory, MEGABYTE } from './support/memory.ts'
import { startStreams } from './support/streams.ts'
import { startServer } from './support/upstream.ts'

const ID = createApiKey(KEY).id

t.test('300 streams at once, each whole and in order, and no memory kept of them', async t => {
  const EVENTS = 5
  const COUNT = 300
  const open = new Set<http.ServerResponse>()
  const { upstream } = await startServer(t, (request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`data: ${request.url} 0\n\n`)
    open.add(response)
    response.once('close', () => open.delete(response))
  })
  const { url } = await startGateway(t, { upstream, streamCheckMs: 50 })
  const agent = new http.Agent({ maxSockets: Infinity })
  t.teardown(() => agent.destroy())
  const read = async (path: string): Promise<string> => {
    const request = http.get(url + path, { headers: bearer(), agent })
    const [response] = await once(request, 'response') as [http.IncomingMessage]
    return (await response.setEncoding('utf8').toArray()).join('')
  }
  const live: number[] = []
  for (let round = 0; round < 3; round++) {
    const reading = Promise.all(Array.from({ length: COUNT }, async (_, i) => await read(`/v1/${round}/${i}`)))
    await until(() => open.size === COUNT, 30)
    for (let event = 1; event < EVENTS; event++) {
      for (const response of open) response.write(`data: ${response.req.url} ${event}\n\n`)
      await new Promise(resolve => setImmediate(resolve))
    }
    for (const response of open) response.end()
    const texts = await reading
    const wrong = texts.filter((text, i) => {
      return text !== Array.from({ length: EVENTS }, (_, event) => `data: /v1/${round}/${i} ${event}\n\n`).join('')
    })
    t.equal(wrong.length, 0, `round ${round}: ${wrong.length} of ${texts.length} streams are not whole`)
    await until(() => open.size === 0)
    live.push(liveMemory() / MEGABYTE)
  }
  const [, second = 0, third = 0] = live
  t.ok(third - second < 4.5, `${live.map(Math.round).join(', ')} MB`)
})

t.test('what is open ends with its key, and nothing else', async t => {
  const { url, store, open, stream, socket } = await startStreams(t)
  await store.add(createApiKey(OTHER_KEY))
  const cookie = await logIn(url)
  const otherCookie = await logIn(url, OTHER_KEY)
  const ended = [await stream('/stream/bearer', bearer()), await stream('/stream/cookie', { cookie })]
  const stays = [await stream('/stream/other', bearer(OTHER_KEY)), await stream('/stream/other-cookie', { cookie: otherCookie })]
  await socket('/socket/bearer', bearer())
  await socket('/socket/cookie', { cookie, origin: url })
  const staying = await socket('/socket/other', { cookie: otherCookie, origin: url })

  await store.revoke(ID)
  await until(() => ended.every(isEnded => isEnded()) && open.size === 3)
  t.same([...open].toSorted(), ['/socket/other', '/stream/other', '/stream/other-cookie'])
  t.same(stays.map(isEnded => isEnded()), [false, false])
  t.equal(staying.readyState, WebSocket.OPEN)
  t.equal((await ask(`${url}/v1/models`, { headers: { cookie } })).status, 401)
  t.equal((await ask(`${url}/v1/models`, { headers: { cookie: otherCookie } })).status, 200)

  t.test('even if a session comes with a Bearer key of its own', async t => {
    const isEnded = await stream('/stream/both', { ...bearer(OTHER_KEY), cookie })
    await store.revoke(createApiKey(OTHER_KEY).id)
    await until(() => isEnded() && open.size === 0)
    t.pass()
  })
})

t.test('what is open ends when its key expires', async t => {
  const { store, open, stream } = await startStreams(t)
  const move = moveClock(t)
  await store.add(createApiKey({ key: OTHER_KEY, expiresAt: new Date(Date.now() + 3_600_000) }))
  const isEnded = await stream('/stream/a', bearer(OTHER_KEY))
  const stays = await stream('/stream/b', bearer())
  move(3_599_000)
  t.equal(isEnded(), false)
  move(1000)
  await until(() => isEnded() && open.size === 1)
  t.same([...open], ['/stream/b'])
  t.equal(stays(), false)
})

t.test('what is open goes on while nobody knows whether its key is there', async t => {
  const keys = new MemoryKeyStore([createApiKey(KEY)])
  let asked = 0
  let isDown = false
  const store = {
    find: (digest: string) => {
      asked++
      if (isDown) throw new Error('The store is down')
      return keys.find(digest)
    }
  }
  const { url, stream } = await startStreams(t, { auth: { keys: store, env: {}, logLevel: 'silent' } })
  const isEnded = await stream('/stream', bearer())
  t.equal((await ask(`${url}/ready`)).status, 200)
  isDown = true
  const before = asked
  await until(() => asked > before + 3)
  t.equal(isEnded(), false)
  t.equal((await ask(`${url}/ready`)).status, 503)
  t.equal((await ask(`${url}/health`)).status, 200)
  t.equal((await ask(`${url}/v1/models`, { headers: bearer() })).status, 503)
  const login = await sendForm(url)
  t.equal(login.status, 503)
  t.equal(login.headers['set-cookie'], undefined)
  isDown = false
  t.equal((await ask(`${url}/ready`)).status, 200)
})

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

  t.test('a WebSocket ends at once', async t => {
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
    t.ok(performance.now() - begin < 25_000, 'it was not waited for')
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
