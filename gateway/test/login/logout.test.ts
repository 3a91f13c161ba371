import http from 'node:http'
import t, { type Test } from 'tap'
import { MemorySessions } from '../../lib/sessions/memory.ts'
import { RedisSessions } from '../../lib/sessions/redis.ts'
import { IDLE_MS, type SavedSession, type SessionStore } from '../../lib/sessions/store.ts'
import { Sessions } from '../../lib/sessions/sessions.ts'
import { KEY } from '../../../test/support/app.ts'
import { moveClock } from '../../../test/support/clock.ts'
import { type Answer, ask, logIn } from '../support/gateway-client.ts'
import { startGateway } from '../support/gateway.ts'
import { RedisServer, skip } from '../../../test/support/redis.ts'
import { until } from '../../../test/support/until.ts'
import { startServer } from '../support/upstream.ts'

const COUNT = 50
const quiet = { error () {}, info () {} } as never

const logOut = async (url: string, cookie: string): Promise<Answer> => {
  return await ask(`${url}/logout`, { method: 'POST', headers: { cookie, origin: url } })
}

/** Logs many people out while requests of theirs are in flight, which are then answered. */
async function testLogouts (t: Test, redisUrl: string): Promise<void> {
  const held = new Set<http.ServerResponse>()
  const { upstream } = await startServer(t, (request, response) => {
    request.resume()
    if (request.url === '/held') held.add(response)
    else response.end('done')
  })
  const { url } = await startGateway(t, { upstream, settings: { API_KEYS_REDIS_URL: redisUrl } })
  const move = moveClock(t)
  const askAs = async (cookie: string, path: string): Promise<number> => {
    return (await ask(url + path, { headers: { cookie } })).status
  }
  const cookies = await Promise.all(Array.from({ length: COUNT }, async () => await logIn(url)))
  const stays = await logIn(url)

  move(60_000) // so that each session is to be saved
  const inFlight = cookies.map(async cookie => await askAs(cookie, '/held'))
  await until(() => held.size === COUNT)
  move(60_000)
  const meanwhile = cookies.flatMap(cookie => Array.from({ length: 5 }, async () => await askAs(cookie, '/quick')))
  const outs = await Promise.all(cookies.map(async cookie => (await logOut(url, cookie)).status))
  t.same(new Set(outs), new Set([303]))
  for (const response of held) response.end('late')
  t.same(new Set(await Promise.all(inFlight)), new Set([200]), 'who was let in is answered in full')
  for (const status of await Promise.all(meanwhile)) t.ok(status === 200 || status === 401, String(status))

  move(60_000)
  const after = await Promise.all(cookies.map(async cookie => await askAs(cookie, '/quick')))
  t.comment(`${after.filter(status => status !== 401).length} of ${COUNT} came back to life`)
  t.same(new Set(after), new Set([401]))
  t.equal(await askAs(stays, '/quick'), 200, 'who has not logged out stays')
}

/** What is true of every store. */
async function testStore (t: Test, store: SessionStore): Promise<void> {
  const session = (usedAt: number) => ({ digest: 'a'.repeat(64), since: Date.now(), usedAt })
  const now = Date.now()
  await store.open?.()
  t.teardown(() => store.close?.())
  t.equal(await store.get('a'), undefined)
  await store.update('a', session(now))
  t.equal(await store.get('a'), undefined, 'there is nothing to update')
  await store.add('a', session(now))
  t.match(await store.get('a'), { usedAt: now })
  await store.update('a', session(now + 1))
  t.match(await store.get('a'), { usedAt: now + 1 })
  await store.remove('a')
  await store.update('a', session(now + 2))
  t.equal(await store.get('a'), undefined, 'it has ended')
  await store.remove('a')

  const sessions = new Sessions(store)
  const move = moveClock(t)
  const id = await sessions.begin(KEY)
  const found = await sessions.find(id)
  t.match(found, { id, digest: KEY })
  await sessions.end(id)
  move(60_000)
  if (found !== undefined) sessions.use(found)
  t.equal(await sessions.find(id), undefined, 'one that is used and was ended meanwhile does not come back')
}

t.test('in memory', async t => {
  t.test('logging out is final, whatever is in flight', async t => await testLogouts(t, ''))
  t.test('a save only updates a session that is there', async t => await testStore(t, new MemorySessions()))

  t.test('a session that is over does not come back either', async t => {
    const store = new MemorySessions()
    const move = moveClock(t)
    const session = (): SavedSession => ({ digest: KEY, since: Date.now(), usedAt: Date.now() })
    await store.add('a', session())
    move(IDLE_MS / 2)
    await store.add('b', session())
    move(IDLE_MS / 2)
    await store.update('a', session())
    t.equal(await store.get('a'), undefined)
    t.match(await store.get('b'), { digest: KEY })
  })
})

t.test('in Redis', { skip }, async t => {
  const { url } = await RedisServer.start(t)
  t.test('logging out is final, whatever is in flight', async t => await testLogouts(t, url))
  t.test('a save only updates a session that is there', async t => await testStore(t, new RedisSessions(url, quiet)))
})
