import { createHmac } from 'node:crypto'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import { bearer, BODY_401, challenge, CHALLENGE, KEY, WRONG_KEY } from '../../support/app.ts'
import type { Question } from '../../support/ask.ts'
import { openPage, skip, startBrowser } from '../../support/browser.ts'
import { ENV, testRecipes } from '../../support/recipes.ts'
import { openWebSocket } from '../../support/web-socket.ts'

/** One for all, which starts with the first that needs it. */
let browser: Promise<Browser> | undefined
async function open (test: Test, url: string): Promise<Page> {
  return await openPage(test, await (browser ??= startBrowser(t)), url)
}

const UI = 'https://ui.example.com'
const STORE_DOWN = "keys: { find () { throw new Error('the store is down') } }"

/** Makes a JWT (RFC 7519) by hand. */
function tokenOf (claims: object, secret = ENV.JWT_SECRET): string {
  const parts = [{ alg: 'HS256', typ: 'JWT' }, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
  return [...parts, createHmac('sha256', secret).update(parts.join('.')).digest('base64url')].join('.')
}

const ADA = tokenOf({ name: 'Ada' })
const FORGED = tokenOf({ name: 'Ada' }, 'another secret')

await testRecipes(t, 'Callers', {
  CORS: async (t, start) => {
    const ask = await start()
    const preflight = await ask('/', { method: 'OPTIONS', headers: { origin: UI, 'access-control-request-method': 'GET' } })
    t.match(preflight, { status: 204, headers: { 'access-control-allow-origin': UI } })
    t.match(await ask('/', { headers: { origin: UI } }), { status: 401, headers: { 'access-control-allow-origin': UI } })
    t.match(await ask('/', { method: 'OPTIONS', headers: { origin: UI } }), { status: 400 }, 'no preflight')
    t.equal(await ask.say('/', KEY), '200 ok')
    await t.test('in a browser, from two origins', { skip }, async t => {
      const pages = [await open(t, `${UI}/`), await open(t, 'https://other.example.com/')]
      const [ui, other] = pages.map(page => async (key?: string) => await page.evaluate(async ([url, headers]) => {
        const answer = await fetch(url, { headers })
        const [challenge, secret] = ['www-authenticate', 'cache-control'].map(name => answer.headers.get(name))
        return [answer.status, await answer.text(), challenge, secret]
      }, [`${ask.url}/`, key === undefined ? {} : bearer(key)] as const).catch(() => 'the browser refuses'))
      t.same(await ui?.(KEY), [200, 'ok', null, null])
      t.same(await ui?.(), [401, BODY_401, CHALLENGE, 'no-store'])
      t.same(await ui?.(WRONG_KEY), [401, BODY_401, challenge('The API key is not valid'), 'no-store'])
      for (const key of [undefined, KEY, WRONG_KEY]) t.equal(await other?.(key), 'the browser refuses', `${key?.length}`)
    })
  },
  'A key in `X-API-Key`': async (t, start) => {
    const ask = await start()
    t.match(await ask('/', { headers: { 'x-api-key': KEY } }), { status: 200, body: 'ok' })
    t.match(await ask('/', { headers: { 'x-api-key': WRONG_KEY, ...bearer() } }), { status: 401, body: BODY_401 })
    t.equal(await ask.say('/', KEY), '200 ok')
  },
  'Together with another way to log in': async (t, start) => {
    const { say } = await start()
    t.equal(await say('/', KEY), '200 ok')
    t.match(await say('/', WRONG_KEY), /^401 .*no session/)
    const both = (code: string): string => code.replace('verifySession])', "verifySession], { relation: 'and' })")
    const and = await start({ change: both })
    t.match(await and.say('/', KEY), /no session/, 'both are asked for')
    t.match(await and.say('/', WRONG_KEY), /^401 /)
    const loggedIn = await start({ change: code => both(code).replace("done(new Error('no session'))", 'done()') })
    t.equal(await loggedIn.say('/', KEY), '200 ok')
    t.match(await loggedIn.say('/', WRONG_KEY), /^401 .*API key/)
    t.equal(await (await start({ env: { API_AUTH: 'off' } })).say('/'), '200 ok', 'authentication is off')
  },
  'A key or a JWT for the whole app': async (t, start) => {
    const ask = await start()
    t.equal(await ask.say('/health'), '200 ok')
    t.equal(await ask.say('/', KEY), `200 Hello ${createApiKey(KEY).id}`)
    t.equal(await ask.say('/', ADA), '200 Hello Ada')
    for (const path of ['/', '/unknown']) {
      for (const token of [WRONG_KEY, FORGED]) {
        const answer = await ask(path, { headers: bearer(token) })
        t.match(answer, { status: 401, headers: { 'content-type': /^application\/json$/, 'www-authenticate': /invalid_token/ } }, path)
        t.match(answer.body, /^\{"success":false,"err_code":"401",/, path)
      }
    }
    const down = await start({ change: code => code.replace('addHook: false', `addHook: false, ${STORE_DOWN}`) })
    t.equal(await down.say('/health'), '200 ok')
    t.equal(await down.say('/', ADA), '200 Hello Ada')
    for (const token of [KEY, FORGED]) t.match(await down.say('/', token), /^503 .*key_store_unavailable/, 'the store is down')
    t.match(await down.say('/'), /^401 /)
    const off = await start({ env: { API_AUTH: 'off' } })
    for (const token of [undefined, WRONG_KEY, FORGED]) t.match(await off.say('/unknown', token), /^404 /, 'authentication is off')
  },
  'A key and a JWT for the whole app': async (t, start) => {
    const ask = await start()
    const both = (key: string, token: string): Question => ({ headers: { 'x-api-key': key, ...bearer(token) } })
    t.equal(await ask.say('/health'), '200 ok')
    t.match(await ask('/', both(KEY, ADA)), { status: 200, body: `Hello Ada of ${createApiKey(KEY).id}` })
    const refused: readonly Question[] = [
      {}, { headers: bearer(ADA) }, { headers: bearer() }, { headers: { 'x-api-key': KEY } },
      both(KEY, KEY), both(KEY, FORGED), both(WRONG_KEY, ADA), both(ADA, ADA)
    ]
    for (const [index, question] of refused.entries()) {
      for (const path of ['/', '/unknown']) t.equal((await ask(path, question)).status, 401, `${index} ${path}`)
    }
    const down = await start({ change: code => code.replace('getKey:', `${STORE_DOWN}, getKey:`) })
    t.match(await down('/', both(KEY, ADA)), { status: 503, body: /key_store_unavailable/ })
    t.equal(await down.say('/health'), '200 ok')
    const off = await start({
      env: { API_AUTH: 'off' }, change: code => code.replace('request.apiKey.id', 'request.apiKey')
    })
    t.equal(await off.say('/', ADA), '200 Hello Ada of null')
    t.equal((await off('/', both(KEY, FORGED))).status, 401)
  },
  'A key from a header, the query or a cookie': async (t, start) => {
    const ask = await start()
    t.equal(await ask.say('/', KEY), '200 ok')
    for (const name of ['api_key', 'api%5Fkey']) t.equal(await ask.say(`/?x=1&${name}=${KEY}`), '200 ok', name)
    for (const [name, value] of [['x-api-key', KEY], ['cookie', `a=b; api_key=${KEY}`]] as const) {
      t.match(await ask('/', { headers: { [name]: value } }), { status: 200, body: 'ok' }, name)
    }
    for (const path of ['?', ';', '#'].map(mark => `/unknown${mark}api_key=${KEY}`)) {
      const answer = await ask(path, { headers: { cookie: `api_key=${KEY}` } })
      t.match(answer, { status: 404, body: '{"error":"there is no /unknown"}' }, path.charAt(8))
    }
    for (const path of ['/', `/?api_key=${WRONG_KEY}`, `/?api_key=${KEY}&api_key=${KEY}`, `/?API_KEY=${KEY}`]) {
      t.match(await ask(path), { status: 401, body: BODY_401 })
    }
    t.match(await ask(`/?api_key=${WRONG_KEY}`, { headers: bearer() }), { status: 401 }, 'what is asked first counts')
    // The program's output is looked through at its end.
    await ask.says(/"reqId":"req-d".*"msg":"request completed"/)
  },
  'A browser\'s WebSocket': async (t, start) => {
    const ask = await start()
    const url = `${ask.url.replace('http', 'ws')}/chat`
    const hello = { message: `Hello ${createApiKey(KEY).id}`, protocol: 'chat' }
    for (const protocols of [['chat', `key.${KEY}`], [`key.${KEY}`, 'chat']]) t.same(await openWebSocket(url, protocols), hello)
    t.same(await openWebSocket(url, ['chat'], bearer()), hello)
    for (const protocols of [['chat'], ['chat', `key.${WRONG_KEY}`], ['chat', KEY], ['chat', 'key.']]) {
      t.same(await openWebSocket(url, protocols), { status: 401 }, `${protocols.length}`)
    }
    await t.test('in a browser', { skip }, async t => {
      const page = await open(t, `${ask.url}/page`)
      const talk = async (...protocols: string[]): Promise<unknown> => await page.evaluate(async ([url, protocols]) =>
        await new Promise(resolve => {
          const socket = new WebSocket(url, protocols)
          socket.onmessage = ({ data: message }) => { resolve({ message, protocol: socket.protocol }) }
          socket.onclose = ({ code }) => { resolve(code) }
        }), [url, protocols] as const)
      for (const protocols of [['chat', `key.${KEY}`], [`key.${KEY}`, 'chat']]) t.same(await talk(...protocols), hello)
      t.equal(await talk(`key.${KEY}`), 1006, 'nothing is chosen')
      for (const protocols of [['chat'], ['chat', `key.${WRONG_KEY}`]]) t.equal(await talk(...protocols), 1006, 'refused')
    })
    const more = await start({ change: code => code.replace(/, \{\n {2}options: .*\n\}/, '') })
    const { protocol = '' } = await openWebSocket(`${more.url.replace('http', 'ws')}/chat`, [`key.${KEY}`, 'chat'])
    t.ok(protocol.startsWith('key.'), 'without handleProtocols the key is sent back')
  },
  'Server-sent events with a session cookie': async (t, start) => {
    const ask = await start()
    const answer = await ask('/session', { method: 'POST', headers: bearer() })
    const [cookie = ''] = answer.headers['set-cookie'] ?? []
    t.match(cookie, /^session=[\w-]{36}; Path=\/; HttpOnly; Secure; SameSite=Strict$/)
    const [session = ''] = cookie.split(';')
    t.match(await ask('/unknown', { headers: { cookie: session } }), { status: 404 })
    t.match(await ask('/session', { method: 'POST', headers: { cookie: session, ...bearer(WRONG_KEY) } }), { status: 401 })
    t.match(await ask('/session', { method: 'POST', headers: { cookie: 'session=old', ...bearer() } }), { status: 200 })
    for (const value of ['', 'other', '__proto__', createApiKey(KEY).digest]) {
      t.match(await ask('/events', { headers: { cookie: `session=${value}` } }), { status: 401, body: BODY_401 }, value)
    }
    await t.test('in a browser', { skip }, async t => {
      const page = await open(t, `${ask.url}/page`)
      const listen = async (): Promise<unknown> => await page.evaluate(async () => await new Promise(resolve => {
        const source = new EventSource('/events')
        source.onmessage = ({ data }) => { source.close(); resolve(data) }
        source.onerror = () => { resolve(source.readyState === EventSource.CLOSED ? 'refused for good' : 'tries again') }
      }))
      t.equal(await listen(), 'refused for good')
      t.equal(await page.evaluate(async headers => (await fetch('/session', { method: 'POST', headers })).status, bearer()), 200)
      t.match(await listen(), /^\d+$/)
      t.equal(await page.evaluate('document.cookie'), '')
    })
    const late = await start({ change: code => code.replace(/(await app.register\(cookie\)\n)([^]*?\n\}\)\n)/, '$2$1') })
    for (const key of [undefined, WRONG_KEY]) t.match(await late.say('/events', key), /^(500|401) /, 'cookies after the guard')
  }
})
