import { createHmac } from 'node:crypto'
import t from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import { bearer, BODY_401, KEY, WRONG_KEY } from '../../support/app.ts'
import { ENV, testRecipes } from '../../support/recipes.ts'

/** Makes a JWT (RFC 7519) by hand. */
function tokenOf (claims: object, secret: string): string {
  const parts = [{ alg: 'HS256', typ: 'JWT' }, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
  return [...parts, createHmac('sha256', secret).update(parts.join('.')).digest('base64url')].join('.')
}

await testRecipes(t, 'Callers', {
  CORS: async (t, start) => {
    const ask = await start()
    const origin = 'https://ui.example.com'
    const preflight = await ask('/', { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } })
    t.match(preflight, { status: 204, headers: { 'access-control-allow-origin': origin } })
    t.match(await ask('/', { headers: { origin } }), { status: 401, headers: { 'access-control-allow-origin': origin } })
    t.equal(await ask.say('/', KEY), '200 ok')
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
  },
  'A key or a JWT for the whole app': async (t, start) => {
    const ask = await start()
    t.equal(await ask.say('/health'), '200 ok')
    t.equal(await ask.say('/', KEY), `200 Hello ${createApiKey(KEY).id}`)
    t.equal(await ask.say('/', tokenOf({ name: 'Ada' }, ENV.JWT_SECRET)), '200 Hello Ada')
    for (const path of ['/', '/unknown']) {
      for (const token of [WRONG_KEY, tokenOf({ name: 'Ada' }, 'another secret')]) {
        const answer = await ask(path, { headers: bearer(token) })
        t.match(answer, { status: 401, headers: { 'content-type': /^application\/json$/, 'www-authenticate': /invalid_token/ } }, path)
        t.match(answer.body, /^\{"success":false,"err_code":"401",/, path)
      }
    }
  }
})
