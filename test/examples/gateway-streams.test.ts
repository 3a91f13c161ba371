import { once } from 'node:events'
import http, { type OutgoingHttpHeaders } from 'node:http'
import net from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { IDLE_MS } from '../../examples/gateway/sessions.ts'
import { createApiKey, MemoryKeyStore } from '../../lib/index.ts'
import { bearer, KEY, OTHER_KEY, WRONG_KEY } from '../support/app.ts'
import { until } from '../support/until.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { RedisServer, skip } from '../support/redis.ts'
import { type Answer, ask, liveMemory, startServer } from '../support/upstream.ts'

const MEGABYTE = 2 ** 20
const DAY_MS = 24 * 3_600_000
const ID = createApiKey(KEY).id

async function sendForm (url: string, key = KEY): Promise<Answer> {
  const headers = { origin: url, 'content-type': 'application/x-www-form-urlencoded' }
  return await ask(`${url}/login`, { method: 'POST', headers, body: String(new URLSearchParams({ key })) })
}

async function logIn (url: string, key?: string): Promise<string> {
  return (await sendForm(url, key)).headers['set-cookie']?.[0]?.split(';')[0] ?? ''
}

/** Makes `Date.now` tell another time than it is, until the end of the test. */
function moveClock (t: Test): (ms: number) => void {
  const { now } = Date
  let moved = 0
  Date.now = () => now() + moved
  t.teardown(() => { Date.now = now })
  return ms => { moved += ms }
}

t.test('1,000 streams at once, each whole and in order, and no memory kept of them', async t => {
  const EVENTS = 10
  const COUNT = 1000
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
  t.ok(third - second < 15, `${live.map(Math.round).join(', ')} MB`)
})

interface Streams extends Gateway {
  /** The streams and WebSockets that DB-GPT has open, by their paths. */
  readonly open: Set<string>
  /** Opens a stream; tells whether it was ended. */
  readonly stream: (path: string, headers: OutgoingHttpHeaders) => Promise<() => boolean>
  readonly socket: (path: string, headers: OutgoingHttpHeaders) => Promise<WebSocket>
}

/** Starts a gateway in front of an upstream whose answers and WebSockets never end by themselves. */
async function startStreams (t: Test, options: Parameters<typeof startGateway>[1] = {}): Promise<Streams> {
  const open = new Set<string>()
  const { upstream, server } = await startServer(t, (request, response) => {
    const { url = '' } = request
    if (!url.startsWith('/stream')) {
      response.end('done')
      return
    }
    open.add(url)
    response.once('close', () => open.delete(url))
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n')
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket, { url = '' }) => {
    open.add(url)
    socket.on('close', () => open.delete(url))
  })
  const gateway = await startGateway(t, { streamCheckMs: 30, ...options, upstream })
  return {
    ...gateway,
    open,
    stream: async (path, headers) => {
      const request = http.get(gateway.url + path, { headers, agent: false })
      const [response] = await once(request, 'response') as [http.IncomingMessage]
      response.on('error', () => {})
      await once(response, 'data')
      response.resume()
      return () => response.closed
    },
    socket: async (path, headers) => {
      const socket = new WebSocket(gateway.url.replace('http', 'ws') + path, { headers })
      socket.on('error', () => {})
      t.teardown(() => socket.terminate())
      await once(socket, 'open')
      await until(() => open.has(path))
      return socket
    }
  }
}

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
  await store.add(createApiKey({ key: OTHER_KEY, expiresAt: new Date(Date.now() + 1000) }))
  const isEnded = await stream('/stream/a', bearer(OTHER_KEY))
  const stays = await stream('/stream/b', bearer())
  await until(() => isEnded())
  t.equal(stays(), false)
  await until(() => open.size === 1)
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
    const { app, url } = await startGateway(t, { upstream, closeGraceMs: 5000 })
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
    const { app, open, stream } = await startStreams(t, { closeGraceMs: 300 })
    const isEnded = await stream('/stream', bearer())
    const begin = performance.now()
    const closing = app.close()
    await closing
    t.ok(performance.now() - begin > 250, 'not at once')
    t.ok(performance.now() - begin < 3000)
    await until(() => isEnded() && open.size === 0)
  })

  t.test('a WebSocket is told, and ends', async t => {
    const { app, open, socket } = await startStreams(t, { closeGraceMs: 5000 })
    const client = await socket('/socket', bearer())
    const closed = once(client, 'close')
    const begin = performance.now()
    await app.close()
    await closed
    t.ok(performance.now() - begin < 3000)
    await until(() => open.size === 0)
  })

  t.test('a WebSocket whose client never answers is ended after a while, and none begins meanwhile', async t => {
    const { app, url, open } = await startStreams(t, { closeGraceMs: 300 })
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
    t.ok(error)
    t.equal(open.has('/late'), false)
    await closing
    t.ok(performance.now() - begin < 3000, `after ${Math.round(performance.now() - begin)} ms`)
    await until(() => silent.closed && open.size === 0)
  })

  t.test('an upload that goes on for ever is ended as well', async t => {
    const { app, url } = await startStreams(t, { closeGraceMs: 300 })
    const request = http.request(`${url}/stream/upload`, { method: 'POST', headers: bearer(), agent: false })
    request.on('error', () => {})
    request.write('some of it')
    await once(request, 'response')
    await app.close()
    await until(() => request.destroyed)
    t.pass()
  })
})

t.test('keys are guessed 10 times a minute', async t => {
  const upstreamOptions = await startServer(t, (_request, response) => response.end('done'))
  const start = async (t: Test): Promise<Gateway> => await startGateway(t, { upstream: upstreamOptions.upstream })
  const wrong = { headers: bearer(WRONG_KEY) }

  t.test('by Bearer', async t => {
    const { url } = await start(t)
    for (let i = 0; i < 10; i++) t.equal((await ask(`${url}/v1/models`, wrong)).status, 401)
    const limited = await ask(`${url}/v1/models`, wrong)
    t.equal(limited.status, 429)
    t.match(limited.headers['retry-after'], /^([1-9]|[1-5]\d|60)$/)
    t.equal(limited.headers['www-authenticate'], undefined)
    t.match(JSON.parse(limited.body), { error: { code: 'rate_limit_exceeded' } })
    t.match(JSON.parse((await ask(`${url}/api/x`, wrong)).body), { success: false, err_code: '429' })
    t.equal((await ask(`${url}/v1/models`, { headers: bearer() })).status, 200, 'a right key passes')
    t.equal((await ask(`${url}/v1/models`)).status, 401, 'a request without one is told so')
    const login = await sendForm(url)
    t.equal(login.status, 429, 'the form does not even tell of a right one')
    t.match(login.headers['retry-after'], /^\d+$/)
    t.equal(login.headers['set-cookie'], undefined)
    t.equal((await ask(`${url}/health`)).status, 200)
    t.equal((await ask(`${url}/login`)).status, 200)
  })

  t.test('by the form', async t => {
    const { url } = await start(t)
    const cookie = await logIn(url)
    for (let i = 0; i < 10; i++) t.equal((await sendForm(url, WRONG_KEY)).status, 401)
    t.equal((await sendForm(url, WRONG_KEY)).status, 429)
    t.equal((await sendForm(url)).status, 429)
    t.equal((await ask(`${url}/v1/models`, wrong)).status, 429, 'both count together')
    t.equal((await ask(`${url}/v1/models`, { headers: { cookie } })).status, 200, 'who is logged in stays so')
  })

  t.test('requests without credentials and right ones are not counted', async t => {
    const { url } = await start(t)
    for (let i = 0; i < 30; i++) {
      t.equal((await ask(`${url}/v1/models`)).status, 401)
      t.equal((await ask(`${url}/v1/models`, { headers: bearer() })).status, 200)
    }
    t.equal((await sendForm(url)).status, 303)
  })

  t.test('the cookie of a key that is gone is counted once, as its session ends with it', async t => {
    const { url, store } = await start(t)
    const cookie = await logIn(url)
    await store.revoke(ID)
    for (let i = 0; i < 20; i++) t.equal((await ask(`${url}/v1/models`, { headers: { cookie } })).status, 401)
  })

  t.test('and again when the minute is over', async t => {
    const { url } = await start(t)
    const move = moveClock(t)
    for (let i = 0; i < 11; i++) await ask(`${url}/v1/models`, wrong)
    t.equal((await sendForm(url)).status, 429)
    move(61_000)
    t.equal((await sendForm(url)).status, 303)
    t.equal((await ask(`${url}/v1/models`, wrong)).status, 401)
  })

  t.test('many guesses at once are no way around it', async t => {
    const { url } = await start(t)
    const answers = await Promise.all(Array.from({ length: 60 }, async () => await sendForm(url, WRONG_KEY)))
    t.ok(answers.filter(({ status }) => status === 401).length <= 20, `${answers.filter(({ status }) => status === 401).length} were told`)
    t.equal((await sendForm(url)).status, 429)
  })
})

t.test('a session lives', async t => {
  const { upstream } = await startServer(t, (_request, response) => response.end('done'))
  const statusOf = async (url: string, cookie: string): Promise<number> => (await ask(`${url}/v1/models`, { headers: { cookie } })).status

  t.test('for 12 hours without use', async t => {
    const { url } = await startGateway(t, { upstream })
    const move = moveClock(t)
    const cookie = await logIn(url)
    move(IDLE_MS - 60_000)
    t.equal(await statusOf(url, cookie), 200)
    move(IDLE_MS - 60_000)
    t.equal(await statusOf(url, cookie), 200, 'use makes it live longer')
    move(IDLE_MS + 1000)
    t.equal(await statusOf(url, cookie), 401)
    t.equal(await statusOf(url, cookie), 401)
  })

  t.test('for 7 days at most, however much it is used', async t => {
    const { url } = await startGateway(t, { upstream })
    const move = moveClock(t)
    const cookie = await logIn(url)
    for (let i = 0; i < 20; i++) {
      move(DAY_MS / 3)
      t.equal(await statusOf(url, cookie), 200)
    }
    move(DAY_MS / 3 + 1000)
    const answer = await ask(`${url}/flows`, { headers: { cookie, accept: 'text/html' } })
    t.match(answer, { status: 302, headers: { location: '/login?next=%2Fflows', 'set-cookie': [/^dbgpt-session=;/] } })
    t.equal(await statusOf(url, cookie), 401)
    t.match(await logIn(url), /^dbgpt-session=./)
  })

  t.test('until its key is revoked, or expires', async t => {
    const { url, store } = await startGateway(t, { upstream })
    const move = moveClock(t)
    await store.add(createApiKey({ key: OTHER_KEY, expiresAt: new Date(Date.now() + 3_600_000) }))
    const [first, second] = [await logIn(url), await logIn(url, OTHER_KEY)]
    await store.revoke(ID)
    t.equal(await statusOf(url, first), 401)
    t.equal(await statusOf(url, second), 200)
    move(3_600_000)
    t.equal(await statusOf(url, second), 401)
    await store.add(createApiKey(KEY))
    t.equal(await statusOf(url, first), 401, 'the session has ended, even if its key comes back')
  })
})

t.test('two gateways that share a Redis', { skip }, async t => {
  const redis = await RedisServer.start(t)
  const { upstream } = await startServer(t, (_request, response) => response.end('done'))
  const settings = { API_KEYS_REDIS_URL: redis.url }
  const first = await startGateway(t, { upstream, settings })
  const second = await startGateway(t, { upstream, settings })
  const statusOf = async ({ url }: Gateway, cookie: string): Promise<number> => (await ask(`${url}/v1/models`, { headers: { cookie } })).status

  t.test('share sessions, and their ends', async t => {
    const cookie = await logIn(first.url)
    t.same([await statusOf(first, cookie), await statusOf(second, cookie)], [200, 200])
    const [name] = await redis.send('KEYS', 'dbgpt-gateway:session:*') as string[]
    const kept = String(await redis.send('GET', name ?? ''))
    t.match(JSON.parse(kept), { digest: createApiKey(KEY).digest, since: Number })
    t.notMatch(kept, KEY)
    const ttl = Number(await redis.send('PTTL', name ?? ''))
    t.ok(ttl > IDLE_MS - 60_000 && ttl <= IDLE_MS, String(ttl))
    const out = await ask(`${second.url}/logout`, { method: 'POST', headers: { cookie, origin: second.url } })
    t.equal(out.status, 303)
    t.same([await statusOf(first, cookie), await statusOf(second, cookie)], [401, 401])
    t.same(await redis.send('KEYS', 'dbgpt-gateway:session:*'), [])
  })

  t.test('go on without it, but for sessions', async t => {
    const cookie = await logIn(first.url)
    const isPlain = ({ status, body }: Answer): void => {
      t.ok(status >= 400, String(status))
      t.notMatch(body, /\bat \S+ \(|\.ts:|\.js:|ECONN|redis:/)
    }
    await redis.kill()
    t.equal((await ask(`${first.url}/v1/models`, { headers: bearer() })).status, 200)
    t.equal((await ask(`${first.url}/v1/models`)).status, 401)
    t.equal((await ask(`${first.url}/health`)).status, 200)
    t.equal((await ask(`${first.url}/login`)).status, 200)
    isPlain(await ask(`${first.url}/v1/models`, { headers: { cookie } }))
    isPlain(await ask(`${first.url}/flows`, { headers: { cookie, accept: 'text/html' } }))
    const login = await sendForm(first.url)
    isPlain(login)
    t.equal(login.headers['set-cookie'], undefined)
    t.equal((await ask(`${first.url}/v1/models`, { headers: { ...bearer(), cookie } })).status, 200, 'a Bearer key needs no session')

    await redis.run()
    await until(async () => (await sendForm(first.url)).status === 303)
    await until(async () => await statusOf(first, await logIn(second.url)) === 200)
  })

  t.test('do not wait for one that hangs', async t => {
    const cookie = await logIn(first.url)
    redis.signal('SIGSTOP')
    try {
      t.equal((await ask(`${first.url}/v1/models`, { headers: bearer() })).status, 200)
      const answer = await fetch(`${first.url}/v1/models`, { headers: { cookie }, signal: AbortSignal.timeout(5000) })
        .then(({ status }) => status, () => 'none')
      t.type(answer, 'number', 'a request with a cookie is answered, within 5 seconds')
    } finally {
      redis.signal('SIGCONT')
    }
  })
})
