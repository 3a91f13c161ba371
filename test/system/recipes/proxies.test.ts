import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type WebSocket, WebSocketServer } from 'ws'
import { parse } from 'yaml'
import { createApiKey } from '../../../lib/index.ts'
import { bearer, BODY_401, BODY_503, KEY, WRONG_KEY } from '../../support/app.ts'
import { ask as askAnywhere } from '../../support/ask.ts'
import { missing, startDaemon } from '../../support/daemon.ts'
import { makeTemporaryFolder } from '../../support/files.ts'
import { testRecipes } from '../../support/recipes.ts'
import { freePorts, openEmptyStore, RedisServer, skip as skipRedis } from '../../support/redis.ts'
import { until } from '../../support/until.ts'
import { openWebSocket } from '../../support/web-socket.ts'

/** Starts a server that answers with the path and the headers that it sees, also over a WebSocket. */
async function startEcho (t: Test): Promise<string> {
  const seen = ({ url, headers }: IncomingMessage): string => JSON.stringify({ url, ...headers })
  const server = createServer((request, response) => { response.end(seen(request)) }).listen(0, '127.0.0.1')
  const sockets = new WebSocketServer({ server }).on('connection', (socket: WebSocket, request) => { socket.send(seen(request)) })
  t.teardown(() => {
    for (const socket of sockets.clients) socket.terminate()
    server.close()
  })
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

await testRecipes(t, 'Proxies and other plugins', {
  'Through a proxy, without the key': async (t, start) => {
    const ask = await start({ env: { UPSTREAM: await startEcho(t) } })
    const { status, body } = await ask('/v1/models?page=2', { headers: { ...bearer(), 'x-mine': 'yes' } })
    t.match([status, JSON.parse(body)], [200, { url: '/v1/models?page=2', 'x-mine': 'yes' }])
    t.notMatch(body, /authorization|Bearer/i)
    for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS']) {
      t.equal((await ask('/v1/models', { method, headers: bearer(WRONG_KEY) })).status, 401, method)
    }
    const url = ask.url.replace('http', 'ws')
    const { message = '' } = await openWebSocket(`${url}/queue?page=2`, ['chat'], bearer())
    t.match(JSON.parse(message), { url: '/queue?page=2', 'sec-websocket-protocol': 'chat' })
    t.notMatch(message, /authorization|Bearer/i)
    t.match(await openWebSocket(url, [], bearer(WRONG_KEY)), { status: 401 })
    t.match(await openWebSocket(url, []), { status: 401 })
  },
  'Multipart, compress, helmet, under-pressure': async (t, start) => {
    const programs = [await start(), await start({ change: code => code.replace('register(compress)', 'register(compress, { threshold: 0 })') })]
    for (const [index, ask] of programs.entries()) {
      const form = (bytes: number): FormData => {
        const data = new FormData()
        data.append('file', new Blob(['x'.repeat(bytes)]), 'x.bin')
        return data
      }
      const upload = async (bytes: number, headers: Record<string, string>): Promise<Response> =>
        await fetch(`${ask.url}/upload`, { method: 'POST', body: form(bytes), headers })
      const good = await upload(50_000, bearer())
      t.match([good.status, await good.json()], [200, { name: 'x.bin', bytes: 50_000 }], `${index}`)
      const wrong = bearer(WRONG_KEY)
      for (const [bytes, headers] of [[10, {}], [50_000, wrong], [2_000_000, {}], [2_000_000, wrong]] as const) {
        const bad = await upload(bytes, headers)
        t.match([bad.status, bad.headers.get('content-type'), await bad.text()], [401, /^application\/json$/, BODY_401], `${index}: ${bytes}`)
        t.equal(bad.headers.get('x-content-type-options'), 'nosniff')
      }
      const accept = { 'accept-encoding': 'gzip' }
      t.match(await ask('/models', { headers: { ...bearer(), ...accept } }), { status: 200, headers: { 'content-encoding': 'gzip' } })
      t.match(await fetch(`${ask.url}/models`, { headers: { ...bearer(), ...accept } }).then(async answer => await answer.json()), [{ id: 0 }])
    }
    const [plain] = programs
    t.match(await plain?.('/models', { headers: { 'accept-encoding': 'gzip' } }), {
      status: 401, headers: { 'content-type': /^application\/json$/, 'content-encoding': undefined }, body: BODY_401
    })
  },
  'Health checks for Kubernetes and HAProxy': async (t, start, [kubernetes, haproxy]) => {
    await t.test('with a real Redis and a real HAProxy', { skip: skipRedis === false ? missing('haproxy', '-v', 'haproxy') : skipRedis }, async t => {
      const redis = await RedisServer.start(t)
      const store = await openEmptyStore(t, { url: redis.url })
      await store.add(createApiKey(KEY))
      const ask = await start({
        env: { API_KEYS: '', API_KEYS_REDIS_URL: redis.url },
        change: code => code.replace('\n', ' @redis/client\n').replace('60_000', '3_000')
      })
      for (const probe of Object.values<{ httpGet: { path: string, port: number } }>(parse(kubernetes?.code ?? ''))) {
        t.equal(probe.httpGet.port, 3000)
        t.equal((await ask(probe.httpGet.path)).status, 200, probe.httpGet.path)
      }
      const [port = 0] = await freePorts(1)
      const service = ask.url.replace('http://localhost:', '127.0.0.1:')
      const file = join(await makeTemporaryFolder(t), 'haproxy.cfg')
      await writeFile(file, (haproxy?.code ?? '').replace('127.0.0.1:3000', service).replace('127.0.0.1:8080', `127.0.0.1:${port}`))
      await startDaemon(t, port, 'haproxy', '-db', '-f', file)
      const url = `http://127.0.0.1:${port}/`
      await until(async () => await askAnywhere(url).then(({ status }) => status === 401, () => false))
      t.match(await askAnywhere(url, { headers: bearer() }), { status: 200, body: 'ok' })
      await redis.kill()
      await until(async () => (await ask.say('/', WRONG_KEY)).startsWith('503 '))
      t.equal(await ask.say('/', WRONG_KEY), `503 ${BODY_503}`)
      t.equal(await ask.say('/', KEY), '200 ok', 'the grace period')
      await until(async () => (await ask.say('/ready')).startsWith('503 '))
      t.equal(await ask.say('/health'), '200 ok')
      await until(async () => /No server is available/.test((await askAnywhere(url, { headers: bearer() })).body))
      await redis.run()
    })
  }
})
