import t from 'tap'
import { createApiKey, MemoryKeyStore } from 'fastify-dbgpt-auth'
import { bearer, KEY, WRONG_KEY } from '../../../test/support/app.ts'
import { ask, logIn, sendForm } from '../support/gateway-client.ts'
import { startGateway } from '../support/gateway.ts'
import { freePorts } from '../../../test/support/redis.ts'
import { startServer } from '../support/upstream.ts'

const PERSON = { accept: 'text/html,*/*;q=0.8' }
const NAVIGATES = { 'sec-fetch-mode': 'navigate' }

t.test('a fault is a page to people, in their language, and tells what to do', async t => {
  const [port] = await freePorts(1)
  const { url } = await startGateway(t, { upstream: `http://127.0.0.1:${port}` })
  const english = await ask(`${url}/flows`, { headers: { ...bearer(), ...PERSON } })
  t.match(english, {
    status: 502,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-language': 'en',
      'content-security-policy': /^default-src 'none'; style-src 'sha256-[^ ]+'; /,
      'cache-control': 'no-store',
      vary: 'accept-language'
    },
    body: /<html lang="en">[^]*cannot be reached[^]*Try again in a moment[^]*<a [^>]*href="">Try again</
  })
  t.match(english.body, '502 <bdi>upstream_unavailable<')
  t.notMatch(english.body, '<script')
  const chinese = await ask(`${url}/flows`, { headers: { ...bearer(), ...NAVIGATES, 'accept-language': 'zh-CN,en;q=0.5' } })
  t.match(chinese, { status: 502, headers: { 'content-language': 'zh' }, body: /<html lang="zh-Hans">[^]*无法连接[^]*请稍后重试[^]*重试</ })
  t.equal((await ask(`${url}/flows`, { method: 'HEAD', headers: { ...bearer(), ...PERSON } })).body, '')
})

t.test('a browser\'s form is answered by a page, too, which does not send it again', async t => {
  const [port] = await freePorts(1)
  const { url } = await startGateway(t, { upstream: `http://127.0.0.1:${port}` })
  for (const headers of [PERSON, NAVIGATES]) {
    const { status, body } = await ask(`${url}/upload`, { method: 'POST', headers: { ...bearer(), ...headers }, body: 'a=b' })
    t.equal(status, 502)
    t.match(body, /go back first\.[^]*<a [^>]*href="\/">Open DB-GPT</)
  }
  for (const [method, headers] of [
    ['POST', { accept: '*/*' }], ['PUT', PERSON], ['POST', { ...PERSON, 'sec-fetch-mode': 'cors' }]
  ] as const) {
    const { body } = await ask(`${url}/api/x`, { method, headers: { ...bearer(), ...headers } })
    t.match(JSON.parse(body), { err_code: '502' }, `${method} ${JSON.stringify(headers)}`)
  }
  const huge = await sendForm(url, { key: 'a'.repeat(20_000) }, { origin: url, ...PERSON })
  t.match(huge, { status: 413, headers: { 'content-security-policy': /form-action 'none'/ }, body: /This does not work/ })
})

t.test('a form without a session leads to the login, and from there to no address that takes forms alone', async t => {
  const { url } = await startGateway(t)
  const answer = await ask(`${url}/upload`, { method: 'POST', headers: PERSON, body: 'a=b' })
  t.match(answer, { status: 303, headers: { location: '/login?next=%2F', 'www-authenticate': undefined }, body: '' })
})

t.test('a DB-GPT that hangs, another site, too many keys and a lost store are told apart', async t => {
  const { upstream } = await startServer(t, request => request.resume())
  const { url } = await startGateway(t, { upstream, upstreamTimeoutMs: 100, maxAttempts: 1 })
  const cookie = await logIn(url)
  const timeout = await ask(`${url}/`, { headers: { cookie, ...PERSON } })
  t.match(timeout, { status: 504, body: /did not answer in time[^]*in a few minutes/ })
  const foreign = await ask(`${url}/x`, { method: 'POST', headers: { cookie, ...PERSON, origin: 'http://evil.example' } })
  t.match(foreign, { status: 403, body: /Sent from another site[^]*Open <span>DB-GPT<\/span> and do it there[^]*href="\/"/ })
  await sendForm(url, { key: WRONG_KEY })
  const limited = await ask(`${url}/`, { headers: { ...bearer(WRONG_KEY), ...PERSON } })
  t.match(limited, { status: 429, headers: { 'retry-after': /^\d+$/ }, body: /Too many attempts[^]*Try again in a minute/ })

  const store = new MemoryKeyStore([createApiKey(KEY)])
  const lost = await startGateway(t, { auth: { keys: store, env: {}, logLevel: 'silent' } })
  t.intercept(store, 'find', { value: () => { throw new Error('lost') } })
  const unavailable = await ask(`${lost.url}/`, { headers: { ...bearer(), ...PERSON } })
  t.match(unavailable, { status: 503, headers: { 'retry-after': '1', 'content-type': /html/ }, body: /Keys cannot be checked just now/ })
  const login = await sendForm(lost.url, { key: KEY }, { origin: lost.url, ...PERSON })
  t.match(login, { status: 503, body: /<form[^]*Keys cannot be checked just now/ }, 'the form stays the form')
})
