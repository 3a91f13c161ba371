import { once } from 'node:events'
import http from 'node:http'
import { text } from 'node:stream/consumers'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import t, { type Test } from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import { RedisKeyStore } from '../../../lib/stores/redis/store.ts'
import { bearer, BODY_401, BODY_503, CHALLENGE, challenge, KEY, OTHER_KEY, WRONG_KEY } from '../../support/app.ts'
import { type Answer, ask, type Question } from '../../support/ask.ts'
import { pickerOf } from '../../support/documentation.ts'
import { CADDY, NGINX, startTellingService } from '../../support/doors.ts'
import { startRecipe } from '../../support/recipe.ts'
import { freePorts, RedisServer, skip as noRedis } from '../../support/redis.ts'
import { until } from '../../support/until.ts'

const snippet = await pickerOf('docs/recipes-stores.md')
/** What a client sends that would be somebody else. */
const FORGED = { 'x-api-key-id': 'forged', 'X-API-KEY-NAME': 'forged', x_api_key_id: 'forged', x_api_key_name: 'forged' }
const ID = createApiKey(KEY).id

t.test('proxies ask the plugin', { skip: noRedis }, async t => {
  const redis = await RedisServer.start(t, ['--appendonly', 'yes', '--appendfsync', 'always'])
  const store = new RedisKeyStore({ url: redis.url })
  await store.add(createApiKey({ key: KEY, name: '客 billing' }))
  await store.add(createApiKey(OTHER_KEY))
  await store.close()
  const { code, language } = snippet('nginx asks')
  // Its keys may be anywhere; those in Redis can be lost for a while.
  const withRedis = code.replace('fastify-dbgpt-auth\n', 'fastify-dbgpt-auth @redis/client\n')
  const check = await startRecipe(t, { language, code: withRedis }, { API_KEYS_REDIS_URL: redis.url })
  const ports = { check: new URL(check.url).port, service: await startTellingService(t) }
  for (const [heading, { name, language, skip, start }] of [['nginx asks', NGINX], ['Caddy asks', CADDY]] as const) {
    await t.test(name, { skip }, async t => {
      const { code } = snippet(heading, language)
      await tryDoor(t, redis, await start(t, code, ports))
      const [nobody] = await freePorts(1)
      const url = await start(t, code, { ...ports, check: String(nobody) })
      t.equal((await ask(`${url}/`, { headers: bearer() })).status, name === 'nginx' ? 503 : 502, 'the check does not run')
    })
  }
})

t.test('nginx answers preflights before it asks, where it is told to', { skip: NGINX.skip }, async t => {
  const [check, service] = [...await freePorts(1), await startTellingService(t)].map(String) as [string, string]
  const answer = `if ($request_method = OPTIONS) {
      add_header Access-Control-Allow-Origin https://ui.example.com;
      add_header Access-Control-Allow-Headers authorization;
      return 204;
    }`
  const code = snippet('nginx asks', 'nginx').code.replace('auth_request /_key;', `${answer}\nauth_request /_key;`)
  const url = await NGINX.start(t, code, { check, service })
  t.match(await ask(`${url}/`, { method: 'OPTIONS' }), { status: 204, headers: { 'access-control-allow-origin': 'https://ui.example.com' } })
  t.equal((await ask(`${url}/`)).status, 503, 'whatever else comes is checked')
})

/** What holds whichever proxy asks. */
async function tryDoor (t: Test, redis: RedisServer, url: string): Promise<void> {
  const reach = async (path: string, question?: Question): Promise<Answer> => await ask(url + path, question)

  await t.test('a good key reaches the service, which is told its id and name and not the key', async t => {
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const { status, body } = await reach('/a%2Fb?c=d', { method, headers: { ...bearer(), ...FORGED, 'content-length': 4 }, body: 'body' })
      const told = JSON.parse(body)
      t.match({ status, told }, { status: 200, told: { method, url: '/a%2Fb?c=d', body: 'body' } }, method)
      t.match(told.headers, { 'x-api-key-id': ID, 'x-api-key-name': encodeURIComponent('客 billing'), authorization: undefined }, method)
      t.notMatch(body, 'forged', method)
    }
    t.equal((await reach('/', { method: 'HEAD', headers: bearer() })).status, 200)
    t.match(await reach('/broken', { headers: bearer() }), { status: 500, body: /"url":"\/broken"/ }, 'an error of the service is its own')
  })

  await t.test('a key without a name leaves nothing of what the client says', async t => {
    const { body } = await reach('/', { headers: { ...bearer(OTHER_KEY), ...FORGED } })
    t.equal(JSON.parse(body).headers['x-api-key-id'], createApiKey(OTHER_KEY).id)
    t.notMatch(body, 'forged')
  })

  await t.test('a refusal is the plugin\'s, whatever is asked and how', async t => {
    for (const [headers, expected] of [[{}, CHALLENGE], [bearer(WRONG_KEY), challenge('The API key is not valid')],
      [{ authorization: 'Bearer' }, challenge('The API key is malformed')]] as const) {
      for (const method of ['GET', 'POST', 'HEAD', 'OPTIONS']) {
        const answer = await reach('/any', { method, headers: { ...headers, ...FORGED } })
        t.match(answer, { status: 401, body: method === 'HEAD' ? '' : BODY_401 }, `${method} ${expected}`)
        t.match(answer.headers, { 'content-type': /^application\/json$/, 'cache-control': 'no-store' }, method)
        t.equal(answer.headers['www-authenticate'], expected, method)
      }
    }
    for (const path of ['/_key', '/auth', '//', '/%61uth', '/../_key', '/x/../_key']) {
      t.match((await reach(path)).status, /^40[014]$/, path)
    }
  })

  await t.test('an upload is refused before it is over', async t => {
    const request = http.request(`${url}/upload`, { method: 'POST', agent: false, headers: { 'transfer-encoding': 'chunked' } })
    request.on('error', () => {})
    request.write('a part')
    const [response] = await once(request, 'response') as [http.IncomingMessage]
    t.same([response.statusCode, await text(response)], [401, BODY_401])
    request.destroy()
  })

  await t.test('a lost key store is a 503, until it is back', async t => {
    await redis.kill()
    const ofWrong = async (): Promise<Answer> => await reach('/', { headers: bearer(WRONG_KEY) })
    await until(async () => (await ofWrong()).status !== 401)
    const answer = await ofWrong()
    t.match(answer, { status: 503, body: BODY_503, headers: { 'retry-after': '1', 'content-type': /^application\/json$/, 'cache-control': 'no-store' } })
    t.equal((await reach('/', { headers: bearer() })).status, 200, 'a good key passes for its grace period')
    await redis.run()
    await until(async () => (await ofWrong()).status === 401)
  })
}

t.test('an MCP server takes keys', async t => {
  const recipe = await startRecipe(t, snippet('An MCP server'), { API_KEYS: KEY })
  const connect = async (headers: Record<string, string>): Promise<Client> => {
    const client = new Client({ name: 'a client of the tests', version: '1.0.0' })
    await client.connect(new StreamableHTTPClientTransport(new URL(`${recipe.url}/mcp`), { requestInit: { headers } }))
    return client
  }

  await t.test('a client with one lists tools and calls them', async t => {
    const client = await connect(bearer())
    t.match(await client.listTools(), { tools: [{ name: 'whoami' }] })
    const calls = await Promise.all(Array.from({ length: 20 }, async () => await client.callTool({ name: 'whoami' })))
    for (const [index, call] of calls.entries()) t.match(call, { content: [{ type: 'text', text: ID }] }, `${index}`)
    await client.close()
  })

  await t.test('a client without, or with a wrong one, is told 401', async t => {
    for (const headers of [{}, bearer(WRONG_KEY)]) await t.rejects(connect(headers), { code: 401 })
    const { status, headers, body } = await recipe('/mcp', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
    t.match({ status, body, headers }, { status: 401, body: BODY_401, headers: { 'www-authenticate': CHALLENGE } })
    t.equal((await recipe('/.well-known/oauth-protected-resource')).status, 401)
  })

  await t.test('what it does not do is said so', async t => {
    for (const method of ['GET', 'DELETE']) {
      t.match(await recipe('/mcp', { method, headers: bearer() }), { status: 405, headers: { allow: 'POST' } }, method)
    }
    for (const headers of [{}, bearer()]) {
      t.equal((await recipe('/mcp', { method: 'POST', headers: { ...headers, origin: 'https://evil.example' } })).status, 403)
    }
  })

  await t.test('an authorization server beside the keys is named by a hook', async t => {
    const named = 'resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource"'
    const hook = `app.addHook('onSend', async (_request, reply) => {
      const challenge = reply.getHeader('www-authenticate')
      if (challenge) reply.header('www-authenticate', challenge + ', ${named}')
    })\n`
    const { code, language } = snippet('An MCP server')
    const recipe = await startRecipe(t, { language, code: code.replace('await app.register(', `${hook}await app.register(`) }, { API_KEYS: KEY })
    t.equal((await recipe('/mcp', { method: 'POST' })).headers['www-authenticate'], `${CHALLENGE}, ${named}`)
  })
})
