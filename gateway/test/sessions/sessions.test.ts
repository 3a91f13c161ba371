import { createHmac } from 'node:crypto'
import t from 'tap'
import { SAVE_MS, Sessions } from '../../lib/sessions/sessions.ts'
import { IDLE_MS } from '../../lib/sessions/store.ts'
import { createApiKey } from 'fastify-dbgpt-auth'
import { KEY, OTHER_KEY } from '../../../test/support/app.ts'
import { ask, cookieOf, logIn, sendForm } from '../support/gateway-client.ts'
import { moveClock } from '../../../test/support/clock.ts'
import { SETTINGS, startGateway } from '../support/gateway.ts'
import { startRecordedGateway } from '../support/recorder.ts'
import { startServer } from '../support/upstream.ts'

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
  for (const attribute of ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax', 'Max-Age=604800']) t.ok(set.split('; ').includes(attribute), attribute)
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

t.test('no answer of DB-GPT\'s sets the session\'s cookie, which caches would keep', async t => {
  const { upstream } = await startServer(t, (_request, response) => {
    response.writeHead(200, { 'cache-control': 'public, max-age=31536000', 'content-type': 'text/css' }).end('a{}')
  })
  const { url } = await startGateway(t, { upstream })
  const move = moveClock(t)
  const cookie = await logIn(url)
  for (const minutes of [0, 1, 60]) {
    move(minutes * 60_000)
    const { status, headers } = await ask(`${url}/_next/static/a.css`, { headers: { cookie } })
    t.match({ status, headers }, { status: 200, headers: { 'cache-control': 'public, max-age=31536000' } })
    t.equal(headers['set-cookie'], undefined, `after ${minutes} minutes`)
  }
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
    t.match(answer, { status: 302, headers: { location: '/login?next=%2Fflows' } })
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

t.test('what is over is forgotten once a minute', async t => {
  t.test('sessions', async t => {
    const sweeps: (() => void)[] = []
    const { setInterval } = globalThis
    t.intercept(globalThis, 'setInterval', {
      value: (callback: () => void, ms: number) => {
        if (ms === SAVE_MS) sweeps.push(callback)
        return setInterval(callback, ms)
      }
    })
    const { url } = await startRecordedGateway(t)
    const move = moveClock(t)
    const statusOf = async (cookie: string): Promise<number> => (await ask(`${url}/v1/models`, { headers: { cookie } })).status
    const first = await logIn(url)
    move(IDLE_MS)
    const second = await logIn(url)
    // With the clock put back, what is still kept would live again.
    move(-IDLE_MS)
    t.equal(await statusOf(first), 200)
    move(IDLE_MS)
    for (const sweep of sweeps) sweep()
    move(-IDLE_MS)
    t.same([await statusOf(first), await statusOf(second)], [401, 200])
  })

  t.test('and when others were saved', async t => {
    const saved: number[] = []
    const store = {
      get: async () => undefined, add: async () => {}, update: async () => { saved.push(Date.now()) }, remove: async () => {}
    }
    const sessions = new Sessions(store)
    const move = moveClock(t)
    const session = { id: 'a', digest: 'b', since: 0, usedAt: 0 }
    sessions.use(session)
    move(SAVE_MS - 1000)
    sessions.sweep()
    sessions.use(session)
    t.equal(saved.length, 1)
    move(1000)
    sessions.sweep()
    move(-SAVE_MS)
    sessions.use(session)
    t.equal(saved.length, 2)
  })
})

t.test('without a secret, each process has one of its own', async t => {
  const settings = { SESSION_SECRET: '' }
  const [first, second] = [await startRecordedGateway(t, { settings }), await startRecordedGateway(t, { settings })]
  const cookie = await logIn(first.url)
  t.equal((await ask(`${first.url}/v1/models`, { headers: { cookie } })).status, 200)
  const [id = ''] = decodeURIComponent(cookie.slice('dbgpt-session='.length)).split('.')
  const signatures = [first, second].map(({ app }) => app.signCookie(id))
  t.not(signatures[0], signatures[1])
  t.not(signatures[0], `${id}.${createHmac('sha256', '').update(id).digest('base64').replace(/=+$/, '')}`)
})
