import type { OutgoingHttpHeaders } from 'node:http'
import t, { type Test } from 'tap'
import { safePath } from '../../lib/login/login.ts'
import { createApiKey } from 'fastify-dbgpt-auth'
import { bearer, KEY, WRONG_KEY } from '../../../test/support/app.ts'
import { ask, logIn, sendForm } from '../support/gateway-client.ts'
import { moveClock } from '../../../test/support/clock.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { startRecordedGateway } from '../support/recorder.ts'
import { provoke } from '../../../test/support/socket.ts'
import { startServer } from '../support/upstream.ts'

t.test('a login goes on to nowhere but this origin', async t => {
  const { url } = await startRecordedGateway(t)
  const bad = [
    '//evil.example', '/\\evil.example', '\\\\evil.example', '\\/evil.example', 'https:evil.example', 'https://evil.example', 'http:/\\evil.example', 'javascript:alert(1)',
    'evil.example', '/\r\nset-cookie: a=b', '/\n/evil.example', '/\t/evil.example', '\t//evil.example', ' //evil.example', '/ /evil.example', '/.//evil.example',
    '/..//evil.example', '/x/..//evil.example', '/x/../\\evil.example', '/%2e//evil.example', '/\u2215evil.example', '/三', '\u0000//evil.example', '///evil.example',
    '/.\\evil.example', '', 'login', '/login', '/logout', '/login?next=//evil.example', '/x/../login', '/./logout', '?//evil.example', '#', '/\u00a0/evil.example'
  ]
  for (const next of bad) {
    t.equal(safePath(next), '/', JSON.stringify(next))
    const { status, headers, body } = await sendForm(url, { key: KEY, next })
    t.match({ status, location: headers.location }, { status: 303, location: /^\/$/ }, JSON.stringify(next))
    t.equal(body, '', JSON.stringify(next))
  }
  for (const next of ['/%2f%2fevil.example', '/%5cevil.example', '/%09/evil.example', '/%0d%0aset-cookie:a=b', '/x//evil.example', '/?u=https://evil.example', '/@evil.example']) {
    const { headers } = await sendForm(url, { key: KEY, next })
    t.equal(new URL(headers.location ?? '', url).origin, url, next)
    t.equal(headers.location, next, next)
    t.equal(headers['set-cookie']?.length, 1, next)
  }
  for (const query of ['next=//evil.example', 'next=/a&next=//evil.example', 'next[]=/a', 'next=%2f%2fevil.example', 'next=%22%3E%3Cscript%3E', 'next=/%22%3E%3Cscript%3E', '__proto__=x&next']) {
    const { status, body } = await ask(`${url}/login?${query}`)
    t.equal(status, 200, query)
    t.notMatch(body, /evil|<script>\W*<|"><script/, query)
  }
  t.match(await ask(`${url}/flows?a="><script>&b='`, { headers: { accept: 'text/html' } }), {
    status: 302, headers: { location: '/login?next=%2Fflows%3Fa%3D%22%3E%3Cscript%3E%26b%3D\'' }
  })
})

t.test('the form takes nothing but one key', async t => {
  const { url, app, port } = await startRecordedGateway(t)
  for (const form of [
    '', 'key=', 'key=%20', `key=${KEY}&key=${KEY}`, `key[]=${KEY}`, `__proto__[key]=${KEY}`, `__proto__=${KEY}`, `constructor=${KEY}`, 'key=%00', `key=${WRONG_KEY}`,
    'key=a%20b', `key=API_KEYS=${KEY},${KEY}`, 'key=API_KEYS=', 'key=%E4%B8%89', `key=${'a'.repeat(513)}`, 'key=%zz', `next=/a&next=/b&key=${WRONG_KEY}`, '&&&==='
  ]) {
    const answer = await ask(`${url}/login`, {
      method: 'POST', headers: { origin: url, 'content-type': 'application/x-www-form-urlencoded' }, body: form
    })
    const title = form.length > 80 ? `${form.slice(0, 20)}… of ${form.length} characters` : `"${form}"`
    t.ok(answer.status === 400 || answer.status === 401, `${title}: ${answer.status}`)
    t.equal(answer.headers['set-cookie'], undefined, title)
    t.notMatch(answer.body, 'PLAINTEXT', title)
  }
  t.match(await sendForm(url, `key=${KEY}&next=/a&next=//evil.example`), { status: 303, headers: { location: '/' } })
  t.match(await sendForm(url, `__proto__=x&key=${KEY}&constructor=y&next=/a`), { status: 303, headers: { location: '/a' } })
  for (const [type, body] of Object.entries({
    'application/json': '{"key":', 'text/plain': 'key=a', 'application/x-www-form-urlencoded; charset=x': 'key=a', 'multipart/form-data': 'a', 'x/y': 'a', '': 'a'
  })) {
    const { status } = await ask(`${url}/login`, { method: 'POST', headers: { origin: url, 'content-type': type }, body })
    t.ok(status >= 400 && status < 500, `${type}: ${status}`)
  }
  for (const body of ['null', '[]', '"a"', '1', '{"key":["a"]}', '{"key":{"toString":1}}', '{"__proto__":{"key":"a"}}']) {
    const { status } = await ask(`${url}/login`, { method: 'POST', headers: { origin: url, 'content-type': 'application/json' }, body })
    t.equal(status, 400, body)
  }
  const huge = await provoke(port, `POST /login HTTP/1.1\r\nhost: a\r\norigin: http://a\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 20000\r\nconnection: close\r\n\r\nkey=${'a'.repeat(19_996)}`)
  t.match(huge, /^HTTP\/1\.1 413/)
  const endless = `${(0x4000).toString(16)}\r\n${'a'.repeat(0x4000)}\r\n`.repeat(2)
  t.match(await provoke(port, `POST /login HTTP/1.1\r\nhost: a\r\norigin: http://a\r\ncontent-type: application/x-www-form-urlencoded\r\ntransfer-encoding: chunked\r\n\r\n${endless}`),
    /^HTTP\/1\.1 413/)
  t.equal(Object.hasOwn(Object.prototype, 'key'), false)
  t.ok(app.server.listening)
})

t.test('the form takes a key with what was copied along with it', async t => {
  const { url } = await startRecordedGateway(t)
  for (const text of [` Bearer ${KEY}\r\n`, `API_KEYS=${KEY}`, `export API_KEYS='${KEY}'`, `"Authorization": "Bearer ${KEY}"`]) {
    t.match(await sendForm(url, { key: text }), { status: 303, headers: { location: '/' } }, text.replace(KEY, '…'))
  }
  t.match((await sendForm(url, { key: `API_KEYS=${KEY},${WRONG_KEY}` })).body, 'These are several keys')
})

t.test('with authentication off there is no login', async t => {
  const { url, seen } = await startRecordedGateway(t, { auth: { keys: [], env: { API_AUTH: 'off' }, logLevel: 'silent' } })
  t.match(await ask(`${url}/login?next=/flows`), { status: 303, headers: { location: '/flows' } })
  t.match(await ask(`${url}/login?next=//evil.example`), { status: 303, headers: { location: '/' } })
  const answer = await sendForm(url, { key: KEY, next: '/flows' })
  t.match(answer, { status: 303, headers: { location: '/flows' } })
  t.equal(answer.headers['set-cookie'], undefined)
  const headers = { 'x-dbgpt-key-id': 'forged', x_dbgpt_key_name: 'forged', ...bearer() }
  t.equal((await ask(`${url}/v1/models`, { headers })).status, 200)
  t.notMatch(seen[0]?.raw, /forged|PLAINTEXT/)
})

t.test('keys are guessed 10 times a minute', async t => {
  const upstreamOptions = await startServer(t, (_request, response) => response.end('done'))
  const start = async (t: Test): Promise<Gateway> => await startGateway(t, { upstream: upstreamOptions.upstream })
  const wrong = { headers: bearer(WRONG_KEY) }

  t.test('by Bearer', async t => {
    const { url } = await start(t)
    for (let i = 1; i <= 10; i++) t.equal((await ask(`${url}/v1/models`, wrong)).status, 401, `guess ${i}`)
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
    for (let i = 1; i <= 10; i++) t.equal((await sendForm(url, { key: WRONG_KEY })).status, 401, `guess ${i}`)
    t.equal((await sendForm(url, { key: WRONG_KEY })).status, 429)
    t.equal((await sendForm(url)).status, 429)
    t.equal((await ask(`${url}/v1/models`, wrong)).status, 429, 'both count together')
    t.equal((await ask(`${url}/v1/models`, { headers: { cookie } })).status, 200, 'who is logged in stays so')
  })

  t.test('requests without credentials and right ones are not counted', async t => {
    const { url } = await start(t)
    for (let i = 1; i <= 11; i++) {
      t.equal((await ask(`${url}/v1/models`)).status, 401, `without, ${i}`)
      t.equal((await ask(`${url}/v1/models`, { headers: bearer() })).status, 200, `a right one, ${i}`)
    }
    t.equal((await sendForm(url)).status, 303)
  })

  t.test('the cookie of a key that is gone is counted once, as its session ends with it', async t => {
    const { url, store } = await start(t)
    const cookie = await logIn(url)
    await store.revoke(createApiKey(KEY).id)
    for (let i = 1; i <= 12; i++) t.equal((await ask(`${url}/v1/models`, { headers: { cookie } })).status, 401, `request ${i}`)
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
    const answers = await Promise.all(Array.from({ length: 60 }, async () => await sendForm(url, { key: WRONG_KEY })))
    t.ok(answers.filter(({ status }) => status === 401).length <= 20, `${answers.filter(({ status }) => status === 401).length} were told`)
    t.equal((await sendForm(url)).status, 429)
  })
})

t.test('/login tells those who are logged in by which key, and until when', async t => {
  const { url, store } = await startRecordedGateway(t)
  const { id } = createApiKey(KEY)
  const page = async (headers: OutgoingHttpHeaders): Promise<string> => (await ask(`${url}/login`, { headers })).body
  const week = new Date(Date.now() + 7 * 24 * 3_600_000).toISOString().slice(0, 10)
  const own = await page({ cookie: await logIn(url) })
  t.match(own, `<dt>Name</dt><dd><bdi>Zhāng 三</bdi></dd>\n<dt>Key</dt><dd>${id}</dd>`)
  t.match(own, new RegExp(`<dt>Until</dt><dd><time datetime="${week}T[^"]+Z">\\d+ \\w+ \\d{4} at \\d\\d:\\d\\d UTC</time>, or after 12 hours`))
  t.match(await page({ cookie: await logIn(url), 'accept-language': 'zh' }), /<dt>有效期至<\/dt><dd><time [^>]+>\d{4}年\d+月\d+日 \d\d:\d\d UTC</)
  t.notMatch(await page(bearer()), 'Until', 'a key without an end')

  const key = `${KEY}_ends`
  const expiresAt = new Date(Date.now() + 3_600_000)
  await store.add(createApiKey({ key, expiresAt }))
  const ends = await page({ cookie: await logIn(url, key) })
  t.match(ends, `<time datetime="${expiresAt.toISOString()}">`, 'a key that ends before the session')
  t.notMatch(ends, '<dt>Name</dt>')
})
