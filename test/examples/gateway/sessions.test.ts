import { createHmac } from 'node:crypto'
import t from 'tap'
import { IDLE_MS } from '../../../examples/gateway/session-store.ts'
import { createApiKey } from '../../../lib/index.ts'
import { bearer, KEY, OTHER_KEY } from '../../support/app.ts'
import { type Answer, ask, cookieOf, logIn, sendForm } from '../../support/gateway-client.ts'
import { moveClock, shortenTimers } from '../../support/clock.ts'
import { until } from '../../support/until.ts'
import { type Gateway, SETTINGS, startGateway } from '../../support/gateway.ts'
import { startRecordedGateway } from '../../support/recorder.ts'
import { RedisServer, skip } from '../../support/redis.ts'
import { startServer } from '../../support/upstream.ts'

const ID = createApiKey(KEY).id
const DAY_MS = 24 * 3_600_000

t.test('a session is nobody\'s but who logged in', async t => {
  const { url, seen, store } = await startRecordedGateway(t)

  t.test('an id that was there before the login is not taken over', async t => {
    const first = await logIn(url)
    const second = await logIn(url, KEY, { origin: url, cookie: first })
    t.match(second, /^dbgpt-session=./)
    t.not(second, first)
    t.equal((await ask(`${url}/v1/models`, { headers: { cookie: first } })).status, 401, 'the former session has ended')
    const planted = await logIn(url, KEY, { origin: url, cookie: 'dbgpt-session=planted.by-somebody' })
    t.notMatch(planted, 'planted')
  })

  t.test('a cookie that is signed with another secret, cut off or put together is none', async t => {
    const cookie = await logIn(url)
    const [id = '', signature = ''] = decodeURIComponent(cookie.slice('dbgpt-session='.length)).split('.')
    const sign = (id: string, secret = SETTINGS.SESSION_SECRET): string => {
      return createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')
    }
    const forged = sign(id, 'another secret of the tests, of more than 32 characters')
    t.equal(signature, sign(id))
    for (const value of [
      `${id}.${forged}`, id, `${id}.`, `.${signature}`, `${id}x.${signature}`, `${id}.${signature}x`, `${id}.${signature.slice(0, -1)}`, '.', '', '%', '%00', '"', `x${id}.${signature}`,
      `${id}.${signature}.${signature}`, '__proto__', `__proto__.${sign('__proto__')}`
    ]) {
      for (const name of ['dbgpt-session', '__Host-dbgpt-session', 'DBGPT-SESSION']) {
        const { status } = await ask(`${url}/v1/models`, { headers: { cookie: `${name}=${value}` } })
        t.equal(status, 401, `${name}=${value.length} characters`)
      }
    }
    t.equal((await ask(`${url}/v1/models`, { headers: { cookie: `__Host-${cookie}` } })).status, 401)
    t.equal((await ask(`${url}/v1/models`, { headers: { cookie } })).status, 200)
  })

  t.test('a cookie is worth nothing once its session was ended', async t => {
    const cookie = await logIn(url)
    t.equal((await ask(`${url}/v1/models`, { headers: { cookie } })).status, 200)
    const out = await ask(`${url}/logout`, { method: 'POST', headers: { cookie, origin: url } })
    t.match(out, { status: 303, headers: { location: '/login', 'set-cookie': [/^dbgpt-session=;.*(Expires=Thu, 01 Jan 1970|Max-Age=0)/] } })
    t.equal((await ask(`${url}/v1/models`, { headers: { cookie } })).status, 401)
    t.match(await ask(`${url}/flows`, { headers: { cookie, accept: 'text/html' } }), { status: 302, headers: { location: '/login?next=%2Fflows' } })
  })

  t.test('the store keeps no key', async t => {
    await store.add(createApiKey(OTHER_KEY))
    const answer = await sendForm(url, { key: OTHER_KEY })
    t.equal(answer.status, 303)
    t.notMatch(JSON.stringify([answer, seen]), 'PLAINTEXT')
  })
})

t.test('under TLS, the cookie is of this host alone', async t => {
  const { url } = await startRecordedGateway(t, { settings: { TRUST_PROXY: 'true' } })
  const tls = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'db.example' }
  const answer = await sendForm(url, { key: KEY }, { ...tls, origin: 'https://db.example' })
  t.equal(answer.status, 303)
  const [set = ''] = answer.headers['set-cookie'] ?? []
  t.match(set, /^__Host-dbgpt-session=[^;]+; /)
  for (const attribute of ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax']) t.ok(set.split('; ').includes(attribute), attribute)
  t.notMatch(set, /Domain/i)
  const cookie = cookieOf(answer)
  const plain = cookie.replace('__Host-', '')
  t.equal((await ask(`${url}/v1/models`, { headers: { ...tls, cookie } })).status, 200)
  t.equal((await ask(`${url}/v1/models`, { headers: { ...tls, cookie: plain } })).status, 401, 'one without the prefix can be planted')
  t.equal((await ask(`${url}/v1/models`, { headers: { ...tls, cookie: plain.replace('=', ' =') } })).status, 401)
  t.equal((await ask(`${url}/v1/models`, { headers: { ...tls, cookie: `${plain}x; ${cookie}` } })).status, 200)

  const out = await ask(`${url}/logout`, { method: 'POST', headers: { ...tls, cookie, origin: 'https://db.example' } })
  t.equal(out.status, 303)
  const [cleared = ''] = out.headers['set-cookie'] ?? []
  t.match(cleared, /^__Host-dbgpt-session=;/)
  t.match(cleared, /Secure/, 'browsers take no cookie of this prefix without it, so they would not clear it')
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
    for (let i = 1; i <= 20; i++) {
      move(DAY_MS / 3)
      t.equal(await statusOf(url, cookie), 200, `after ${i} thirds of a day`)
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
    const isPlain = ({ status, body }: Answer, title: string): void => {
      t.ok(status >= 400, `${title}: ${status}`)
      t.notMatch(body, /\bat \S+ \(|\.ts:|\.js:|ECONN|redis:/, title)
    }
    await redis.kill()
    t.equal((await ask(`${first.url}/v1/models`, { headers: bearer() })).status, 200)
    t.equal((await ask(`${first.url}/v1/models`)).status, 401)
    t.equal((await ask(`${first.url}/health`)).status, 200)
    t.equal((await ask(`${first.url}/login`)).status, 200)
    isPlain(await ask(`${first.url}/v1/models`, { headers: { cookie } }), 'a program with a cookie')
    isPlain(await ask(`${first.url}/flows`, { headers: { cookie, accept: 'text/html' } }), 'a person')
    const login = await sendForm(first.url)
    isPlain(login, 'the form')
    t.equal(login.headers['set-cookie'], undefined)
    t.equal((await ask(`${first.url}/v1/models`, { headers: { ...bearer(), cookie } })).status, 200, 'a Bearer key needs no session')

    await redis.run()
    await until(async () => (await sendForm(first.url)).status === 303)
    await until(async () => await statusOf(first, await logIn(second.url)) === 200)
  })

  t.test('do not wait for one that hangs', async t => {
    const cookie = await logIn(first.url)
    const timers = shortenTimers(t, 2000)
    redis.signal('SIGSTOP')
    try {
      t.equal((await ask(`${first.url}/v1/models`, { headers: bearer() })).status, 200)
      t.equal(timers(), 0)
      t.equal(await statusOf(first, cookie), 503)
      t.equal(timers(), 1, 'it was waited for as long as 2 seconds')
    } finally {
      redis.signal('SIGCONT')
    }
  })
})
