import t from 'tap'
import { createApiKey, MemoryKeyStore } from 'fastify-dbgpt-auth'
import { bearer, KEY, WRONG_KEY } from '../../../test/support/app.ts'
import { ask, logIn, sendForm } from '../support/gateway-client.ts'
import { keepLog } from '../../../test/support/log-lines.ts'
import { startRecordedGateway } from '../support/recorder.ts'

t.test('each refused login is a line of the log, with its reason and address', async t => {
  const { lines, logger } = keepLog()
  const keys = new MemoryKeyStore([createApiKey(KEY)])
  let isDown = false
  const store = {
    find: (digest: string) => {
      if (isDown) throw new Error('The store is down')
      return keys.find(digest)
    }
  }
  const { url } = await startRecordedGateway(t, { logger, maxAttempts: 1, auth: { keys: store, env: {} } })
  const refused = () => lines.filter(({ msg }) => msg === 'Login refused').map(({ level, reason, ip }) => ({ level, reason, ip }))
  const ip = '127.0.0.1'
  await sendForm(url)
  t.same(refused(), [])
  await sendForm(url, { key: ' ' })
  await sendForm(url, { key: 'a b' })
  await sendForm(url, { key: WRONG_KEY })
  await sendForm(url, { key: KEY }, { origin: 'https://evil.example' })
  t.same(refused(), ['missing', 'malformed', 'limited', 'origin'].map(reason => ({ level: 30, reason, ip })))
  t.notMatch(JSON.stringify(lines), 'PLAINTEXT')

  const other = await startRecordedGateway(t, { logger, auth: { keys: store, env: {} } })
  lines.length = 0
  await sendForm(other.url, { key: WRONG_KEY })
  isDown = true
  await sendForm(other.url)
  t.same(refused(), [{ level: 30, reason: 'unknown', ip }, { level: 50, reason: 'unavailable', ip }])
  t.match(JSON.stringify(lines), 'The store is down')
})

t.test('a request that is refused for its origin says what to set', async t => {
  const { lines, logger } = keepLog()
  const { url } = await startRecordedGateway(t, { logger })
  const cookie = await logIn(url)
  const origin = url.replace('http', 'https')
  t.equal((await ask(`${url}/v1/x`, { method: 'POST', headers: { cookie, origin } })).status, 403)
  t.equal((await sendForm(url, { key: KEY }, { origin })).status, 403)
  const line = {
    level: 30,
    origin,
    expected: url,
    ip: '127.0.0.1',
    msg: 'A request with a session came from another origin. If that is the gateway\'s own, its proxy must hand on Host and ' +
      'X-Forwarded-Proto, and TRUST_PROXY must name the proxy'
  }
  t.match(lines.filter(({ msg }) => /another origin/.test(msg)), [line, line])
})

t.test('a proxy that is not trusted is told of once, with what to set', async t => {
  for (const [title, trust, headers, isSaid] of [
    ['an address', '', { 'x-forwarded-for': '6.6.6.6' }, true],
    ['a scheme', '', { 'x-forwarded-proto': 'https' }, true],
    ['a host', '', { 'x-forwarded-host': 'db.example' }, true],
    ['an address, by another proxy than the one that is trusted', '10.0.0.1', { 'x-forwarded-for': '6.6.6.6' }, true],
    ['an address, by one that is trusted', '127.0.0.1', { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https' }, false],
    ['a scheme, by one that is trusted', '127.0.0.1', { 'x-forwarded-proto': 'http, https', 'x-forwarded-host': 'db.example' }, false],
    ['nothing', '', {}, false]
  ] as const) {
    const { lines, logger } = keepLog()
    const { url } = await startRecordedGateway(t, { logger, settings: { TRUST_PROXY: trust } })
    for (let i = 0; i < 2; i++) t.equal((await ask(`${url}/v1/models`, { headers: { ...bearer(), ...headers } })).status, 200, title)
    const said = lines.filter(({ msg }) => msg.startsWith('X-Forwarded-'))
    t.match(said, isSaid ? [{ level: 40, ip: '127.0.0.1', msg: /is not believed\. If that is your proxy, set TRUST_PROXY=127\.0\.0\.1: / }] : [], title)
    t.equal(said.length, isSaid ? 1 : 0, title)
  }
})
