import { createHmac } from 'node:crypto'
import { availableParallelism } from 'node:os'
import t, { type Test } from 'tap'
import { createApiKey } from '../../lib/index.ts'
import { bearer, BODY_401, KEY, OTHER_KEY, WRONG_KEY } from '../support/app.ts'
import { pageOf, type Snippet, snippetsOf } from '../support/documentation.ts'
import { type Ask, startRecipe } from '../support/recipe.ts'

t.jobs = availableParallelism()
const ENV = { API_KEYS: `${KEY},${OTHER_KEY}`, ADMIN_API_KEYS: OTHER_KEY, JWT_SECRET: 'a secret of the tests' }
/** What the rate limits of the recipes are. */
const MAX = 100
const recipes = new Map((await snippetsOf('docs/recipes.md')).map(snippet => [snippet.heading, snippet]))

/** Makes a JWT (RFC 7519) by hand. */
function tokenOf (claims: object, secret: string): string {
  const parts = [{ alg: 'HS256', typ: 'JWT' }, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
  return [...parts, createHmac('sha256', secret).update(parts.join('.')).digest('base64url')].join('.')
}

/** What a program answers, in short: its status and its text. */
type Say = (path: string, key?: string) => Promise<string>
type Trial = (t: Test, say: Say, ask: Ask) => Promise<void>

/** What the program under each heading does. */
const trials: Readonly<Record<string, Trial>> = {
  'A public route, and one for both': async (t, say) => {
    t.equal(await say('/health'), '200 ok')
    t.equal(await say('/health', WRONG_KEY), '200 ok')
    t.equal(await say('/'), '200 Hello stranger')
    t.equal(await say('/', KEY), `200 Hello ${createApiKey(KEY).id}`)
  },
  'Another plugin\'s routes made public': async (t, say) => {
    t.equal(await say('/docs'), '200 the documentation')
    t.equal(await say('/other'), `401 ${BODY_401}`)
  },
  'Different keys for different parts': async (t, say) => {
    for (const [path, key, answer] of [
      ['/v1/models', KEY, '200 []'], ['/admin/users', OTHER_KEY, '200 []'], ['/admin/users', KEY, `401 ${BODY_401}`]
    ] as const) t.equal(await say(path, key), answer, path)
    t.equal(await say('/admin/users'), `401 ${BODY_401}`)
    t.equal(await say('/v1/models'), `401 ${BODY_401}`)
  },
  CORS: async (t, say, ask) => {
    const origin = 'https://ui.example.com'
    const preflight = await ask('/', { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } })
    t.match(preflight, { status: 204, headers: { 'access-control-allow-origin': origin } })
    t.match(await ask('/', { headers: { origin } }), { status: 401, headers: { 'access-control-allow-origin': origin } })
    t.equal(await say('/', KEY), '200 ok')
  },
  'A key in `X-API-Key`': async (t, say, ask) => {
    t.match(await ask('/', { headers: { 'x-api-key': KEY } }), { status: 200, body: 'ok' })
    t.match(await ask('/', { headers: { 'x-api-key': WRONG_KEY, ...bearer() } }), { status: 401, body: BODY_401 })
    t.equal(await say('/', KEY), '200 ok')
  },
  'Together with another way to log in': async (t, say) => {
    t.equal(await say('/', KEY), '200 ok')
    t.match(await say('/', WRONG_KEY), /^401 .*no session/)
  },
  'A key or a JWT for the whole app': async (t, say, ask) => {
    t.equal(await say('/health'), '200 ok')
    t.equal(await say('/', KEY), `200 Hello ${createApiKey(KEY).id}`)
    t.equal(await say('/', tokenOf({ name: 'Ada' }, ENV.JWT_SECRET)), '200 Hello Ada')
    for (const path of ['/', '/unknown']) {
      for (const token of [WRONG_KEY, tokenOf({ name: 'Ada' }, 'another secret')]) {
        const answer = await ask(path, { headers: bearer(token) })
        t.match(answer, { status: 401, headers: { 'content-type': /^application\/json$/, 'www-authenticate': /invalid_token/ } }, path)
        t.match(answer.body, /^\{"success":false,"err_code":"401",/, path)
      }
    }
  },
  'Guesses, limited by address': async (t, say) => {
    t.equal(await say('/', KEY), '200 ok')
    for (let count = 1; count < MAX; count++) t.match(await say('/', WRONG_KEY), /^401 /, `${count}`)
    for (const path of ['/', '/unknown']) t.match(await say(path, WRONG_KEY), /^429 .*Rate limit exceeded/, path)
    t.match(await say('/', KEY), /^429 .*Rate limit exceeded/, 'the handler is not reached')
  },
  'A quota for each key': async (t, say) => {
    for (let count = 0; count < MAX; count++) t.equal(await say('/', KEY), '200 ok', `${count}`)
    t.match(await say('/', KEY), /^429 .*Rate limit exceeded/, 'the handler is not reached')
    t.equal(await say('/', OTHER_KEY), '200 ok')
    t.equal(await say('/', WRONG_KEY), `401 ${BODY_401}`)
  },
  'Express middleware': tryMiddleware,
  NestJS: async (t, say, ask) => {
    t.equal(await say('/', KEY), '200 ok')
    t.equal(await say('/health'), '200 ok')
    for (const path of ['/', '//', '/unknown', '/HEALTH', '/health/']) t.equal(await say(path), `401 ${BODY_401}`, path)
    t.match(await ask('/health', { method: 'POST' }), { status: 401, body: BODY_401 })
    t.match(await say('/unknown', KEY), /^404 .*Cannot GET/)
  },
  'Usage per key': async (t, say) => {
    await say('/usage', OTHER_KEY)
    await say('/usage', WRONG_KEY)
    t.equal(await say('/usage', KEY), `200 {"${createApiKey(OTHER_KEY).id}":1,"${createApiKey(KEY).id}":1}`)
  },
  'Metrics for Prometheus': async (t, say) => {
    t.equal(await say('/', KEY), '200 ok')
    t.equal(await say('/metrics'), `401 ${BODY_401}`)
    const samples = (await say('/metrics', KEY)).split('\n')
    for (const sample of [
      `dbgpt_auth_requests_total{result="accepted",reason="",key="${createApiKey(KEY).id}",name=""} 2`,
      'dbgpt_auth_requests_total{result="rejected",reason="missing",key="",name=""} 1',
      'dbgpt_auth_keys 2', 'dbgpt_auth_store_up 1', 'dbgpt_auth_store_last_confirmed_seconds 0'
    ]) t.ok(samples.includes(sample), sample)
  },
  'The key in every log line': async (t, say, { says }) => {
    t.equal(await say('/', KEY), '200 ok')
    t.equal(await says(/"reqId":"req-1",.*"keyId":"(\w+)",.*"msg":"request completed"/), createApiKey(KEY).id)
    t.equal(await say('/'), `401 ${BODY_401}`)
    t.notMatch(await says(/"reqId":"req-2",.*"msg":"request completed"/), /keyId/)
  },
  'The key on a trace': async (t, say, { says }) => {
    t.equal(await say('/', WRONG_KEY), `401 ${BODY_401}`)
    t.equal(await say('/', KEY), '200 ok')
    await says(/name: 'onRequest - checkApiKey'/)
    t.equal(await says(/name: 'request',[^}]*'dbgpt_auth\.key\.id': '(\w+)'/), createApiKey(KEY).id)
  },
  OpenAPI: async (t, say) => {
    const document = JSON.parse((await say('/documentation/json')).slice('200 '.length))
    const { '/flows': flows, '/health': health } = document.paths
    t.same([flows.get.security, health.get.security], [[{ dbgptAuth: ['flows:read'] }], []])
    t.match(await say('/documentation/'), /<title>Swagger UI</)
    t.equal(await say('/flows'), `401 ${BODY_401}`)
    t.equal(await say('/flows', KEY), `200 ["${createApiKey(KEY).id}"]`)
  },
  'A message that helps, for those who may know': async (t, say) => {
    t.match(await say('/v1/models'), /^401 \{"error":\{"message":"Send Authorization: Bearer <key>; keys: https:/)
    t.match(await say('/'), /^401 \{"success":false,.*'message': 'Send Authorization/)
    t.equal(await say('/v1/models', KEY), '200 []')
  }
}

async function tryMiddleware (t: Test, say: Say): Promise<void> {
  t.equal(await say('/', KEY), '200 ok')
  t.equal(await say('/legacy', KEY), '200 from middleware')
  for (const path of ['/', '/legacy', '/legacy/more', '//legacy', '/%6cegacy', '/unknown']) {
    t.equal(await say(path), `401 ${BODY_401}`, path)
  }
}

async function run (t: Test, snippet: Omit<Snippet, 'heading'>, trial: Trial): Promise<void> {
  const ask = await startRecipe(t, snippet, ENV)
  await trial(t, async (path, key) => {
    const { status, body } = await ask(path, { headers: key === undefined ? {} : bearer(key) })
    return `${status} ${body}`
  }, ask)
}

t.test('every recipe is tried', async t => {
  t.same([...recipes.keys()], Object.keys(trials))
})

for (const [heading, snippet] of recipes) {
  t.test(`the recipe "${heading}" runs from the tarball as it stands, and guards`, { buffered: true }, async t => {
    await run(t, snippet, trials[heading] as Trial)
  })
}

t.test('the program of the README runs from the tarball, and answers as its table says', async t => {
  const readme = await pageOf('README.md')
  const [, install = ''] = /`(npm install fastify [^`]*)`/.exec(readme) ?? []
  const [snippet] = await snippetsOf('README.md', 'js') as [Snippet]
  const [first, second] = [...readme.matchAll(/^\| `curl .*\| `(.*)` \|$/gm)].map(([, answer]) => answer)
  await run(t, { language: 'js', code: `// ${install}\n${snippet.code}` }, async (t, say) => {
    t.equal(await say('/'), first)
    t.equal(await say('/', KEY), second?.replace('<the key\'s id>', createApiKey(KEY).id))
  })
})

t.test('the recipe of Express serves @fastify/middie as well, and with the guard after it what it serves is open', async t => {
  const { code, language } = recipes.get('Express middleware') as Snippet
  await run(t, { language, code: code.replaceAll('@fastify/express', '@fastify/middie') }, tryMiddleware)
  const guard = 'await app.register(dbgptAuth)\n'
  const late = code.replace(guard, '').replace('app.get(', `${guard}app.get(`)
  await run(t, { language, code: late }, async (t, say) => {
    t.equal(await say('/legacy'), '200 from middleware')
    t.equal(await say('/'), `401 ${BODY_401}`)
  })
})

const NEST_MIDDLEWARE = `class AppModule {
  configure (consumer: import('@nestjs/common').MiddlewareConsumer) {
    consumer.apply((_request: object, response: { end (text: string): void }) => { response.end('from middleware') }).forRoutes('legacy')
  }
}`

t.test('the recipe of NestJS guards middleware as well, and lets CORS answer, also where it is compiled to CommonJS', async t => {
  const code = (recipes.get('NestJS') as Snippet).code
    .replace('class AppModule {}', NEST_MIDDLEWARE)
    .replace('@Controller()', '@Controller()\n@RouteConfig({ apiKey: false })')
    .replace('await app.listen', 'app.enableCors()\n  await app.listen')
  await run(t, { language: 'cts', code }, async (t, say, ask) => {
    await tryMiddleware(t, say)
    const headers = { origin: 'https://ui.example.com', 'access-control-request-method': 'GET' }
    t.match(await ask('/', { method: 'OPTIONS', headers }), { status: 204, headers: { 'access-control-allow-origin': '*' } })
  })
})

t.test('the two recipes of limits go together: a guess counts by address, what is let in by key as well', async t => {
  const [guesses, quota] = ['Guesses, limited by address', 'A quota for each key'].map(heading => recipes.get(heading)?.code ?? '')
  const [registered] = /^await app\.register\(rateLimit, \{\n.*?^\}\)\n/ms.exec(quota as string) ?? []
  const code = (guesses as string).replace('max: 100', 'max: 200').replace('app.get(', `${registered}app.get(`)
  await run(t, { language: 'js', code }, async (t, say) => {
    for (let count = 0; count < MAX; count++) t.equal(await say('/', KEY), '200 ok', `${count}`)
    t.match(await say('/', KEY), /^429 /, 'the quota of the key')
    for (let count = MAX + 1; count < 2 * MAX; count++) t.equal(await say('/', OTHER_KEY), '200 ok', `${count}`)
    for (const key of [WRONG_KEY, OTHER_KEY]) t.match(await say('/', key), /^429 /, 'the limit of the address')
  })
})
