import type { OutgoingHttpHeaders } from 'node:http'
import t from 'tap'
import { bearer, KEY, WRONG_KEY } from '../../support/app.ts'
import { ask, logIn, sendForm } from '../../support/gateway-client.ts'
import { startRecordedGateway } from '../../support/recorder.ts'
import { provoke } from '../../support/socket.ts'

t.test('a page of another origin does nothing with a session', async t => {
  const { url, port, seen } = await startRecordedGateway(t)
  const cookie = await logIn(url)
  const host = new URL(url).host
  const forbidden: Record<string, OutgoingHttpHeaders> = {
    'no origin': {},
    'an opaque origin': { origin: 'null' },
    'another origin': { origin: 'http://evil.example' },
    'another scheme': { origin: `https://${host}` },
    'another port': { origin: 'http://127.0.0.1:1' },
    'an origin that begins as ours': { origin: `${url}.evil.example` },
    'an origin in capitals': { origin: url.toUpperCase() },
    'an origin with a path': { origin: `${url}/` },
    'a blank origin': { origin: '' },
    'the same site': { 'sec-fetch-site': 'same-site' },
    'another site': { 'sec-fetch-site': 'cross-site' },
    'no site': { 'sec-fetch-site': 'none' },
    'another site and our origin': { origin: url, 'sec-fetch-site': 'cross-site' },
    'another origin and our site': { origin: 'http://evil.example', 'sec-fetch-site': 'same-origin' },
    'Basic credentials': { authorization: 'Basic eDp5' },
    'a scheme that begins as Bearer': { authorization: `Bearerx ${KEY}` },
    'Bearer and a tab': { authorization: `Bearer\t${KEY}` },
    'Bearer alone': { authorization: 'Bearer' },
    'a referer': { referer: `${url}/flows` },
    'another method by name': { 'x-http-method-override': 'GET' }
  }
  for (const [title, headers] of Object.entries(forbidden)) {
    t.test(`with ${title}`, async t => {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        t.equal((await ask(`${url}/api/v1/x`, { method, headers: { ...headers, cookie } })).status, 403, method)
      }
      t.equal((await ask(`${url}/logout`, { method: 'POST', headers: { ...headers, cookie } })).status, 403, 'logout')
      t.equal((await sendForm(url, { key: KEY }, { ...headers, cookie })).status, 403, 'login')
      const upgrade = Object.entries({ ...headers, cookie }).map(([name, value]) => `${name}: ${value}\r\n`).join('')
      t.match(await provoke(port, `GET /queue HTTP/1.1\r\nhost: ${host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n${upgrade}\r\n`),
        /^HTTP\/1\.1 403/, 'a WebSocket')
    })
  }
  t.test('nor logs anybody in', async t => {
    for (const headers of [{ origin: 'http://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'none' }]) {
      const answer = await sendForm(url, { key: KEY }, headers)
      t.equal(answer.status, 403, JSON.stringify(headers))
      t.equal(answer.headers['set-cookie'], undefined, JSON.stringify(headers))
    }
  })
  t.same(seen, [])
  t.test('but its own pages do, and programs with a key', async t => {
    for (const headers of [
      { cookie, origin: url }, { cookie, 'sec-fetch-site': 'same-origin' }, { cookie, origin: url, 'sec-fetch-site': 'same-origin' },
      { ...bearer(), cookie }, { ...bearer(), cookie, origin: 'http://evil.example' }, bearer(), { ...bearer(), origin: 'null' }
    ]) t.equal((await ask(`${url}/api/v1/x`, { method: 'POST', headers })).status, 200, Object.keys(headers).join(' and '))
    t.equal((await ask(`${url}/api/v1/x`, { headers: { cookie } })).status, 200)
  })
  t.test('and a wrong Bearer key does not fall back on the session', async t => {
    t.equal((await ask(`${url}/api/v1/x`, { headers: { ...bearer(WRONG_KEY), cookie } })).status, 401)
    t.equal((await ask(`${url}/api/v1/x`, { method: 'POST', headers: { ...bearer(WRONG_KEY), cookie, origin: url } })).status, 401)
  })
})
