import t from 'tap'
import { bearer, WRONG_KEY } from '../../../test/support/app.ts'
import { ask, logIn } from '../support/gateway-client.ts'
import { keepLog } from '../../../test/support/log-lines.ts'
import { startRecordedGateway } from '../support/recorder.ts'
import { startGateway } from '../support/gateway.ts'
import { startServer } from '../support/upstream.ts'

const ORIGIN = 'https://app.example'
const OTHER = 'https://evil.example'
const preflight = (origin: string) => ({
  method: 'OPTIONS',
  headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' }
})

t.test('pages of the origins that CORS_ORIGINS names may call with a key', async t => {
  const { url, seen } = await startRecordedGateway(t, { settings: { CORS_ORIGINS: `${ORIGIN}, http://localhost:3000` } })
  const cookie = await logIn(url)
  seen.length = 0
  for (const origin of [ORIGIN, 'http://localhost:3000']) {
    const answer = await ask(`${url}/api/v2/chat/completions`, preflight(origin))
    t.match(answer, {
      status: 204,
      headers: {
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': 'authorization,content-type',
        'access-control-max-age': '600',
        vary: 'Origin'
      }
    })
    t.equal(answer.headers['access-control-allow-credentials'], undefined)
  }
  t.same(seen, [], 'the gateway answers itself')
  for (const [key, status] of [[bearer(), 200], [bearer(WRONG_KEY), 401]] as const) {
    const answer = await ask(`${url}/v1/models`, { method: 'POST', headers: { ...key, origin: ORIGIN } })
    t.match(answer, {
      status, headers: { 'access-control-allow-origin': ORIGIN, 'access-control-expose-headers': /WWW-Authenticate/, vary: 'Origin' }
    })
  }

  t.test('and never with the cookie', async t => {
    t.equal((await ask(`${url}/v1/models`, { method: 'POST', headers: { cookie, origin: ORIGIN } })).status, 403)
    const { headers } = await ask(`${url}/v1/models`, { headers: { cookie, origin: ORIGIN } })
    t.equal(headers['access-control-allow-credentials'], undefined, 'which browsers ask for')
  })

  t.test('and no others', async t => {
    for (const origin of [OTHER, 'http://app.example', `${ORIGIN}.evil.example`, 'https://app.example:8443', 'null', '*']) {
      const answer = await ask(`${url}/v1/models`, preflight(origin))
      t.equal(answer.status, 403, origin)
      t.equal(answer.headers['access-control-allow-origin'], undefined, origin)
      t.equal((await ask(`${url}/v1/models`, { headers: { ...bearer(), origin } })).headers['access-control-allow-origin'], undefined, origin)
    }
  })
})

t.test('by default no page of another origin may call, whatever DB-GPT lets, and the log says what to set', async t => {
  const { lines, logger } = keepLog()
  const { upstream } = await startServer(t, (_request, response) => {
    response.writeHead(200, { 'access-control-allow-origin': '*', 'access-control-allow-methods': '*', vary: 'Accept-Encoding' }).end('secret')
  })
  const { url } = await startGateway(t, { upstream, logger })
  t.match(await ask(`${url}/v1/models`, preflight(OTHER)), { status: 403 })
  t.match(lines.filter(({ msg }) => /preflight/.test(msg)), [{
    level: 30, origin: OTHER, ip: '127.0.0.1', msg: 'A CORS preflight was refused: to let pages of this origin call, name it in CORS_ORIGINS'
  }])
  t.notMatch(JSON.stringify(lines), '@fastify/cors')
  const { status, headers } = await ask(`${url}/v1/models`, { headers: { ...bearer(), origin: OTHER } })
  t.equal(status, 200)
  t.equal(headers['access-control-allow-origin'], undefined)
  t.equal(headers.vary, 'Accept-Encoding')
  t.match(await ask(`${url}/v1/models`, { method: 'OPTIONS', headers: bearer() }), { status: 200, body: 'secret' }, 'another OPTIONS is DB-GPT\'s')

  const open = await startGateway(t, { upstream, settings: { CORS_ORIGINS: '*' } })
  t.match(await ask(`${open.url}/v1/models`, { headers: { ...bearer(), origin: OTHER } }), {
    headers: { 'access-control-allow-origin': OTHER, vary: 'Accept-Encoding, Origin' }
  })
})
