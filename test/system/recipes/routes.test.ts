import t from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import { serializeKeyFile } from '../../../lib/stores/file/key-file.ts'
import { bearer, BODY_401, KEY, OTHER_KEY, WRONG_KEY } from '../../support/app.ts'
import { testRecipes } from '../../support/recipes.ts'

const REFUSED = `401 ${BODY_401}`
const PAGES = { 'public/index.html': 'the page', 'public/app.js': 'the script' }

await testRecipes(t, 'Routes', {
  'A public route, and one for both': async (t, start) => {
    const { say } = await start()
    t.equal(await say('/health'), '200 ok')
    t.equal(await say('/health', WRONG_KEY), '200 ok')
    t.equal(await say('/'), '200 Hello stranger')
    t.equal(await say('/', KEY), `200 Hello ${createApiKey(KEY).id}`)
  },
  'Another plugin\'s routes made public': async (t, start) => {
    const { say } = await start()
    t.equal(await say('/docs'), '200 the documentation')
    t.equal(await say('/other'), REFUSED)
  },
  'Different keys for different parts': async (t, start) => {
    const { say } = await start()
    for (const [path, key, answer] of [
      ['/v1/models', KEY, '200 []'], ['/admin/users', OTHER_KEY, '200 []'], ['/admin/users', KEY, REFUSED]
    ] as const) t.equal(await say(path, key), answer, path)
    t.equal(await say('/admin/users'), REFUSED)
    t.equal(await say('/v1/models'), REFUSED)
  },
  Scopes: async (t, start) => {
    const keys = [createApiKey({ key: KEY, scopes: ['flows:read'] }), createApiKey(OTHER_KEY)]
    const ask = await start({ env: { API_KEYS: '', API_KEYS_FILE: 'keys.json' }, files: { 'keys.json': serializeKeyFile(keys) } })
    t.equal(await ask.say('/flows', KEY), '200 []')
    t.equal(await ask.say('/me', KEY), '200 ["flows:read"]')
    t.equal(await ask.say('/me', OTHER_KEY), '200 all')
    t.match(await ask('/flows', { method: 'POST', headers: bearer(OTHER_KEY) }), { status: 200, body: 'saved' })
    t.match(await ask('/flows', { method: 'POST', headers: bearer() }), {
      status: 403, headers: { 'www-authenticate': /scope="flows:read flows:write"/ }, body: /insufficient_scope/
    })
    t.match(await ask('/flows', { method: 'POST' }), { status: 401, body: BODY_401 })
    t.match(await ask('/flows', { method: 'HEAD', headers: bearer(WRONG_KEY) }), { status: 401, body: '' })
  },
  'Static files public, the API guarded': async (t, start) => {
    const ask = await start({ files: { ...PAGES, 'keys.json': 'a secret' } })
    for (const path of ['/', '/index.html']) t.equal(await ask.say(path), '200 the page', path)
    t.equal(await ask.say('/app.js', WRONG_KEY), '200 the script')
    t.match(await ask('/app.js', { method: 'HEAD' }), { status: 200, body: '' })
    t.equal(await ask.say('/api/models', KEY), '200 []')
    for (const path of ['/api/models', '/api/unknown', '/unknown.js', '/../keys.json', '/%2e%2e/keys.json', '/server.mjs']) {
      t.equal(await ask.say(path), REFUSED, path)
    }
    t.match(await ask('/app.js', { method: 'POST' }), { status: 401, body: BODY_401 })
    const more = await start({ files: PAGES, change: code => code.replace(', wildcard: false', '') })
    t.match(await more.say('/api/unknown'), /^404 /, 'without wildcard: false')
    t.equal(await more.say('/api/models'), REFUSED)
  },
  'A single-page app with a guarded API': async (t, start) => {
    const ask = await start({ files: PAGES })
    for (const path of ['/', '/settings', '/settings/keys?x=1', '/api', '/API/models']) t.equal(await ask.say(path), '200 the page', path)
    t.equal(await ask.say('/app.js'), '200 the script')
    t.match(await ask('/settings', { method: 'HEAD' }), { status: 200, body: '' })
    t.equal(await ask.say('/api/models', KEY), '200 []')
    for (const path of ['/api/models', '/api/unknown', '/api/', '/%61pi/models', '/api//models', '/api/../api/models']) {
      t.equal(await ask.say(path), REFUSED, path)
    }
    t.match(await ask.say('/api/unknown', KEY), /^404 /)
    for (const [path, method] of [['/api/unknown', 'HEAD'], ['/api/models', 'DELETE'], ['/settings', 'POST'], ['/', 'OPTIONS']] as const) {
      t.equal((await ask(path, { method, headers: bearer(WRONG_KEY) })).status, 401, `${method} ${path}`)
    }
  },
  'A login page for people, the 401 for programs': async (t, start) => {
    const ask = await start()
    t.equal(await ask.say('/', KEY), '200 ok')
    t.equal(await ask.say('/'), REFUSED)
    t.equal(await ask.say('/unknown', WRONG_KEY), REFUSED)
    const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
    for (const [path, headers] of [['/', html], ['/unknown', html], ['/', { 'sec-fetch-mode': 'navigate' }], ['/', { ...html, ...bearer(WRONG_KEY) }]] as const) {
      for (const method of ['GET', 'HEAD', 'POST']) {
        const answer = await ask(path, { method, headers })
        t.match(answer, { status: 303, headers: { location: '/login', 'cache-control': 'no-store' }, body: /^$/ }, `${method} ${path}`)
        t.equal(answer.headers['www-authenticate'], undefined)
      }
    }
    t.match(await ask('/login', { headers: html }), { status: 200, body: '<form>' })
    t.match(await ask('/', { headers: { ...html, ...bearer() } }), { status: 200, body: 'ok' })
    t.match(await ask('/', { headers: { accept: '*/*', 'sec-fetch-mode': 'cors' } }), { status: 401, body: BODY_401 })
  }
})
