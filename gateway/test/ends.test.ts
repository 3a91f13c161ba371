import { once } from 'node:events'
import http from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { WebSocket } from 'ws'
import { createApiKey, FileKeyStore, type ManagedKeyStore, MemoryKeyStore } from 'fastify-dbgpt-auth'
import { RedisKeyStore } from 'fastify-dbgpt-auth/redis'
import { bearer, KEY, OTHER_KEY } from '../../test/support/app.ts'
import { makeTemporaryFolder } from '../../test/support/files.ts'
import { ask, logIn } from './support/gateway-client.ts'
import { startGateway } from './support/gateway.ts'
import { RedisServer, skip } from '../../test/support/redis.ts'
import { startStreams, type Streams } from './support/streams.ts'
import { until } from '../../test/support/until.ts'
import { startServer } from './support/upstream.ts'

const NEVER_MS = 2 ** 31 - 1
const ID = createApiKey(KEY).id

async function logOut (url: string, cookie: string): Promise<void> {
  await ask(`${url}/logout`, { method: 'POST', headers: { cookie, origin: url } })
}

/** Opens a stream and a WebSocket of a session, and those that are to stay: of another one, and of a Bearer key. */
async function openAll (t: Test, { url, open, stream, socket }: Streams, cookie: string, other: string) {
  const isEnded = await stream('/stream/session', { cookie })
  const webSocket = await socket('/socket/session', { cookie, origin: url })
  await stream('/stream/other', { cookie: other })
  await socket('/socket/other', { cookie: other, origin: url })
  await stream('/stream/bearer', bearer())
  t.equal(open.size, 5)
  return { isEnded, webSocket }
}

async function testEnded (
  t: Test, { open }: Streams, begin: number, { isEnded, webSocket }: { isEnded: () => boolean, webSocket: WebSocket }
): Promise<void> {
  await until(() => isEnded() && webSocket.readyState === webSocket.CLOSED && open.size === 3)
  t.comment(`ended after ${Math.round(performance.now() - begin)} ms`)
  t.same([...open].toSorted(), ['/socket/other', '/stream/bearer', '/stream/other'])
}

t.test('what a session has open ends with it', async t => {
  t.test('at once where it is logged out', async t => {
    const streams = await startStreams(t, { streamCheckMs: NEVER_MS, sessionCheckMs: NEVER_MS })
    const [cookie, other] = [await logIn(streams.url), await logIn(streams.url)]
    const opened = await openAll(t, streams, cookie, other)
    const begin = performance.now()
    await logOut(streams.url, cookie)
    await testEnded(t, streams, begin, opened)
  })

  t.test('at once where another login takes its place', async t => {
    const streams = await startStreams(t, { streamCheckMs: NEVER_MS, sessionCheckMs: NEVER_MS })
    const [cookie, other] = [await logIn(streams.url), await logIn(streams.url)]
    const opened = await openAll(t, streams, cookie, other)
    const begin = performance.now()
    await logIn(streams.url, KEY, { origin: streams.url, cookie })
    await testEnded(t, streams, begin, opened)
  })

  t.test('soon where another instance logs it out, or its Redis loses it', { skip }, async t => {
    const redis = await RedisServer.start(t)
    const settings = { API_KEYS_REDIS_URL: redis.url }
    const streams = await startStreams(t, { streamCheckMs: NEVER_MS, settings })
    const { url } = await startGateway(t, { settings })
    const other = await logIn(url)
    const [kept = ''] = await redis.send('KEYS', '*') as string[]
    const cookie = await logIn(url)
    const opened = await openAll(t, streams, cookie, other)
    const begin = performance.now()
    await logOut(url, cookie)
    await testEnded(t, streams, begin, opened)

    redis.signal('SIGSTOP')
    await until(async () => (await ask(`${streams.url}/ready`)).status === 503)
    t.equal(streams.open.size, 3, 'while nobody knows, what is open goes on')
    redis.signal('SIGCONT')
    await until(async () => (await ask(`${streams.url}/ready`)).status === 200)
    t.equal(streams.open.size, 3)
    await redis.send('DEL', kept)
    await until(() => streams.open.size === 1)
    t.same([...streams.open], ['/stream/bearer'])
  })

  t.test('but what is not answered yet is answered in full', async t => {
    let held: http.ServerResponse | undefined
    const { upstream } = await startServer(t, (_request, response) => { held = response })
    const { url } = await startGateway(t, { upstream, sessionCheckMs: 10 })
    const cookie = await logIn(url)
    const answer = ask(`${url}/api/v1/chat`, { headers: { cookie } })
    await until(() => held !== undefined)
    await logOut(url, cookie)
    await until(async () => (await ask(`${url}/v1/models`, { headers: { cookie } })).status === 401)
    held?.end('done')
    t.match(await answer, { status: 200, body: 'done' })
  })

  t.test('also a stream that begins when the session has ended', async t => {
    let held: http.ServerResponse | undefined
    const { upstream } = await startServer(t, (_request, response) => { held = response })
    const { url } = await startGateway(t, { upstream, streamCheckMs: NEVER_MS })
    const cookie = await logIn(url)
    const request = http.get(`${url}/stream`, { headers: { cookie }, agent: false })
    await until(() => held !== undefined)
    await logOut(url, cookie)
    held?.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n')
    const [response] = await once(request, 'response') as [http.IncomingMessage]
    response.on('error', () => {}).resume()
    await until(() => response.closed)
    t.equal(response.complete, false)
    await until(() => held?.destroyed === true)
  })
})

t.test('what a key has open ends as soon as its store tells that it is revoked', async t => {
  const testStore = async (t: Test, keys: ManagedKeyStore, by: ManagedKeyStore = keys): Promise<void> => {
    const auth = { keys, env: {}, logLevel: 'silent' } as const
    const { url, open, stream, socket } = await startStreams(t, { auth, streamCheckMs: NEVER_MS, sessionCheckMs: NEVER_MS })
    const cookie = await logIn(url)
    await stream('/stream/bearer', bearer())
    await stream('/stream/cookie', { cookie })
    await socket('/socket/cookie', { cookie, origin: url })
    await stream('/stream/other', bearer(OTHER_KEY))
    await by.add(createApiKey({ key: 'yet-another-key-of-the-tests', name: 'other' }))
    t.equal(open.size, 4)
    const begin = performance.now()
    await by.revoke(ID)
    await until(() => open.size === 1)
    t.comment(`ended after ${Math.round(performance.now() - begin)} ms`)
    t.same([...open], ['/stream/other'])
    await by.expire(createApiKey(OTHER_KEY).id, new Date(Date.now() + 3_600_000))
    await by.revoke(createApiKey('yet-another-key-of-the-tests').id)
    await until(async () => (await by.list()).length === 1)
    t.equal(open.size, 1, 'one that will expire goes on')
    await by.expire(createApiKey(OTHER_KEY).id, new Date(Date.now() - 1))
    await until(() => open.size === 0)
  }
  const keys = [createApiKey(KEY), createApiKey(OTHER_KEY)]

  t.test('in memory', async t => await testStore(t, new MemoryKeyStore(keys)))

  t.test('in a file', async t => {
    const file = join(await makeTemporaryFolder(t), 'keys.json')
    const other = new FileKeyStore(file)
    await other.addAll(keys)
    await testStore(t, new FileKeyStore(file), other)
  })

  t.test('in Redis', { skip }, async t => {
    const { url } = await RedisServer.start(t)
    const other = new RedisKeyStore({ url })
    await other.addAll(keys)
    await testStore(t, new RedisKeyStore({ url }), other)
    await other.close()
  })
})
