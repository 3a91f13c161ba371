import cors from '@fastify/cors'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import dbgptAuth, { createApiKey, generateApiKey, MemoryKeyStore } from '../../../lib/index.ts'
import type { Client } from '../../../lib/doctor/client/examine.ts'
import { KEY, MARKER, WRONG_KEY } from '../../support/app.ts'
import { assertHarmless, codesOf, examine, hasKey, startGuarded, startWatched, type Watched } from '../../support/examine-url.ts'

type Ask = Omit<Partial<Client>, 'url'> & { readonly path?: string }
type Case = readonly [name: string, ask: Ask, ...codes: string[]]

const PAGE = 'https://page.example'
const LONG = `${MARKER}x`.repeat(60)

async function testCases (t: Test, server: Watched, cases: readonly Case[]): Promise<void> {
  for (const [name, { path = '/v1/models', ...ask }, ...codes] of cases) {
    server.seen.length = 0
    t.same(codesOf(await examine({ ...ask, url: server.url + path })), codes, name)
    assertHarmless(t, name, server.seen)
  }
}

t.test('a server with the plugin is healthy in each format, whichever of its URLs is named', async t => {
  for (const errorFormat of ['openai', 'fastapi', 'dbgpt'] as const) {
    await testCases(t, await startGuarded(t, { errorFormat }), [
      [`${errorFormat}, a route`, { key: KEY }],
      [`${errorFormat}, its root`, { key: KEY, path: '' }],
      [`${errorFormat}, a base URL`, { key: KEY, path: '/v1' }],
      [`${errorFormat}, with a slash`, { key: KEY, path: '/v1/' }],
      [`${errorFormat}, what takes POST alone`, { key: KEY, path: '/v1/chat/completions' }],
      [`${errorFormat}, a public route`, { key: KEY, path: '/status?x=1' }]
    ])
  }
})

t.test('what is wrong with a key, or with how it stands in its variable, is said first', async t => {
  const expired = `${MARKER}-expired-0123456789abc`
  const scoped = `${MARKER}-scoped-0123456789abcd`
  const quoted = `"${MARKER}-quoted-0123456789abcd"`
  const generated = generateApiKey()
  const mistyped = `${generated.slice(0, 20)}${generated[20] === 'x' ? 'y' : 'x'}${generated.slice(21)}`
  const server = await startGuarded(t, {
    keys: new MemoryKeyStore([
      createApiKey(KEY), createApiKey({ key: expired, expiresAt: new Date(1) }), createApiKey({ key: scoped, scopes: ['other'] }), createApiKey(quoted)
    ])
  }, async app => { app.after(() => app.get('/admin', { config: { apiKey: { scopes: ['billing:read', 'admin'] } } }, async () => ({}))) })
  await testCases(t, server, [
    ['none', {}, 'key_not_given'],
    ['an empty one', { key: '' }, 'key_not_given'],
    ['none, on a public route', { path: '/status' }, 'key_not_given'],
    ['unknown', { key: WRONG_KEY }, 'key_unknown'],
    ['unknown, on a public route', { key: WRONG_KEY, path: '/status' }, 'key_unknown'],
    ['mistyped', { key: mistyped }, 'key_mistyped'],
    ['expired', { key: expired }, 'key_expired'],
    ['lacking a scope', { key: scoped, path: '/admin' }, 'key_scope'],
    ['too long', { key: LONG }, 'key_too_long'],
    ['far too long', { key: LONG.repeat(40) }, 'key_too_long'],
    ['a placeholder', { key: 'your-api-key' }, 'key_placeholder'],
    ['a placeholder that nothing has filled in', { key: '${DBGPT_API_KEY}' }, 'key_placeholder'], // eslint-disable-line no-template-curly-in-string
    ['a placeholder that cannot be sent', { key: '<your key>' }, 'key_placeholder'],
    ['one of OpenAI', { key: `sk-proj-${WRONG_KEY}` }, 'key_of_other'],
    ['its digest', { key: `sha256:${'ab'.repeat(32)}` }, 'key_digest'],
    ['a newline', { key: `${KEY}\n` }, 'key_newline'],
    ['a newline of Windows', { key: `${KEY}\r\n` }, 'key_newline'],
    ['a blank', { key: ` ${KEY}` }, 'key_blank'],
    ['a blank within', { key: `${KEY.slice(0, 9)} ${KEY.slice(9)}` }, 'key_blank'],
    ['quotes', { key: `"${KEY}"` }, 'key_quotes'],
    ['quotes that belong to the key', { key: quoted }],
    ['Bearer', { key: `Bearer ${KEY}` }, 'key_bearer'],
    ['the whole header', { key: `Authorization: Bearer ${KEY}` }, 'key_bearer', 'key_blank'],
    ['a byte order mark', { key: `\ufeff${KEY}` }, 'key_invisible'],
    ['a zero-width space', { key: `${KEY}\u200b` }, 'key_invisible'],
    ['full-width letters', { key: KEY.replace('dbgpt', 'ｄｂｇｐｔ') }, 'key_non_ascii'],
    ['Chinese', { key: '密钥' }, 'key_non_ascii'],
    ['a variable', { key: `DBGPT_API_KEY=${KEY}` }, 'key_variable'],
    ['a variable and quotes', { key: `export API_KEY="${KEY}"\n` }, 'key_newline', 'key_variable', 'key_quotes'],
    ['brackets', { key: `[${KEY}]` }, 'key_brackets'],
    ['a file', { key: '/run/secrets/key' }, 'key_file_name'],
    ['JSON', { key: `{"key": "${KEY}"}` }, 'key_json'],
    ['JSON without a text', { key: '{"key":1}' }, 'key_json'],
    ['a dash', { key: `- ${KEY}` }, 'key_dash'],
    ['two, with a comma', { key: `${KEY},${WRONG_KEY}` }, 'key_several'],
    ['commas alone', { key: ',' }, 'key_several'],
    ['two, with a semicolon', { key: `${KEY};${WRONG_KEY}` }, 'key_several'],
    ['quotes around an unknown one', { key: `"${WRONG_KEY}"` }, 'key_quotes', 'key_unknown'],
    ['quotes, twice', { key: `""${KEY}""` }, 'key_quotes']
  ])
})

t.test('a key that is taken although it can be guessed is warned of', async t => {
  const server = await startGuarded(t, { keys: ['dbgpt'], allowWeakKeys: true })
  await testCases(t, server, [['weak', { key: 'dbgpt' }, 'key_weak']])
})

t.test('a path that is none is told from a server without its own', async t => {
  await testCases(t, await startGuarded(t), [
    ['/v1 twice', { key: KEY, path: '/v1/v1/models' }, 'path_version_twice'],
    ['/v1 twice, as a base URL', { key: KEY, path: '/v1/v1' }, 'path_version_twice'],
    ['no /v1', { key: KEY, path: '/models' }, 'path_version_missing'],
    ['no /v1, where POST is taken', { key: KEY, path: '/chat/completions' }, 'path_version_missing'],
    ['another', { key: KEY, path: '/nothing' }, 'path_wrong']
  ])
  const app = Fastify()
  await app.register(async scope => {
    await scope.register(dbgptAuth, { env: { API_KEYS: KEY }, logLevel: 'silent' })
    scope.get('/models', async () => ({ data: [] }))
  }, { prefix: '/v1' })
  app.get('/health', async () => ({}))
  t.teardown(async () => await app.close())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  await testCases(t, { url, port: 0, seen: [] }, [
    ['a scope alone is guarded', { key: KEY }], ['its server', { key: KEY, path: '' }], ['what is beside it', { key: KEY, path: '/health' }],
    ['no /v1 before it', { key: KEY, path: '/models' }, 'path_version_missing'], ['another', { key: KEY, path: '/nothing' }, 'path_wrong'],
    ['/v1 twice', { key: KEY, path: '/v1/v1/models' }, 'path_version_twice']
  ])
})

t.test('CORS that does not let pages call is found', async t => {
  const allowed = { origin: PAGE, allowedHeaders: ['authorization'] }
  const of = async (prepare: (app: FastifyInstance) => unknown): Promise<Watched> => await startGuarded(t, {}, prepare)
  const late = await of(async app => {
    await app.register(dbgptAuth, { env: { API_KEYS: KEY }, logLevel: 'silent' })
    await app.register(cors, { origin: true })
  })
  await testCases(t, late, [
    ['registered after the plugin', { key: KEY }, 'cors_preflight_refused'],
    ['the same, for a page', { key: KEY, origin: PAGE }, 'cors_preflight_refused'],
    ['the same, with a key that is unknown', { key: WRONG_KEY, origin: PAGE }, 'key_unknown', 'cors_preflight_refused'],
    ['the same, without a key', { origin: PAGE }, 'key_not_given', 'cors_preflight_refused']
  ])
  const some = await of(async app => {
    await app.register(dbgptAuth, { env: { API_KEYS: KEY }, logLevel: 'silent' })
    await app.register(cors, { origin: [PAGE] })
  })
  await testCases(t, some, [['registered after the plugin, for some origins', { key: KEY }, 'cors_preflight_refused']])
  await testCases(t, await of(app => app.register(cors, { origin: true })), [
    ['right', { key: KEY }], ['right, for a page', { key: KEY, origin: PAGE }], ['right, whichever the key', { key: WRONG_KEY, origin: PAGE }, 'key_unknown']
  ])
  await testCases(t, await of(app => app.register(cors, { ...allowed, allowedHeaders: '*' })), [
    ['a star', { key: KEY }, 'cors_no_authorization'], ['a star, for a page', { key: KEY, origin: PAGE }, 'cors_no_authorization']
  ])
  await testCases(t, await of(app => app.register(cors, allowed)), [
    ['one origin', { key: KEY }], ['that one', { key: KEY, origin: PAGE }], ['another', { key: KEY, origin: 'https://other.example' }, 'cors_origin']
  ])
  await testCases(t, await of(app => app.register(cors, { ...allowed, origin: [PAGE] })), [
    ['one of a list', { key: KEY, origin: PAGE }], ['none of a list', { key: KEY, origin: 'https://other.example' }, 'cors_origin']
  ])
  await testCases(t, await of(() => {}), [['none', { key: KEY, origin: PAGE }, 'cors_none']])
  const twice = await of(async app => {
    await app.register(cors, { origin: true })
    app.addHook('onSend', async (request, reply) => { reply.header('access-control-allow-origin', `${String(request.headers.origin)}, *`) })
  })
  await testCases(t, twice, [['twice', { key: KEY }, 'cors_twice']])
  const bare = await of(async app => {
    await app.register(cors, { origin: true })
    app.addHook('onSend', async (_request, reply) => { if (reply.statusCode === 401) reply.removeHeader('access-control-allow-origin') })
  })
  await testCases(t, bare, [['a 401 without it', { key: KEY, origin: PAGE }, 'cors_unreadable']])
})

t.test('authentication that is off is found, whichever URL is named', async t => {
  const server = await startGuarded(t, { mode: 'off' })
  await testCases(t, server, [
    ['a route', { key: KEY }, 'auth_off'],
    ['the root', {}, 'auth_off'],
    ['a base URL', { path: '/v1' }, 'auth_off'],
    ['/v1 twice', { path: '/v1/v1/models' }, 'auth_off', 'path_version_twice'],
    ['no /v1', { path: '/models' }, 'auth_off', 'path_version_missing']
  ])
})

t.test('DB-GPT\'s envelope with another Content-Type is warned of', async t => {
  const server = await startGuarded(t, { errorFormat: 'dbgpt' }, app => {
    app.addHook('onSend', async (_request, reply) => { if (reply.statusCode === 401) reply.header('content-type', 'application/json; charset=utf-8') })
  })
  await testCases(t, server, [['with a charset', { key: KEY }, 'dbgpt_content_type']])
})

t.test('a key store that fails is told from a wrong key', async t => {
  const server = await startGuarded(t, { keys: { find: () => { throw new Error('down') } } })
  await testCases(t, server, [['down', { key: KEY }, 'store_unavailable']])
})

t.test('what is no URL is told at once', async t => {
  const cases = [['localhost:3000', 'url_scheme'], ['host', 'url_scheme'], ['ftp://host', 'url_scheme'], ['http://', 'url_invalid'], ['', 'url_invalid'], ['http://a b', 'url_invalid']] as const
  for (const [url, code] of cases) t.same(codesOf(await examine({ url })), [code], url)
})

t.test('a key that is taken in another header alone is found, and goes nowhere else', async t => {
  const start = async (name: string, value: string): Promise<Watched> => await startWatched(t, ({ headers }, response) => {
    const isGood = headers[name] === value
    response.writeHead(isGood ? 200 : 401, { 'content-type': 'application/json' }).end(isGood ? '{"data":[]}' : '{"error":"no"}')
  })
  const basic = Buffer.from(`${KEY}:`).toString('base64')
  for (const [name, value] of [
    ['x-api-key', KEY], ['api-key', KEY], ['authorization', KEY], ['authorization', `Token ${KEY}`], ['authorization', `ApiKey ${KEY}`], ['authorization', `Basic ${basic}`]
  ] as const) {
    const server = await start(name, value)
    const [first, ...others] = await examine({ url: `${server.url}/v1/models`, key: KEY })
    t.equal(first?.code, 'key_accepted_otherwise', `${name} ${value.slice(0, 6)}`)
    t.match(first?.fix.toLowerCase(), name)
    t.same(codesOf(others), [])
    assertHarmless(t, name, server.seen)
    t.ok(server.seen.some(hasKey))
  }
})
