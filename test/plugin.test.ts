import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import fastifyEnv from '@fastify/env'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import dbgptAuth, { type DbgptAuthOptions, MemoryKeyStore } from '../lib/index.ts'
import {
  bearer, BODY_401, harness, KEY, type LogLine, MARKER, OTHER_KEY, rejection, WRONG_KEY
} from './support/app.ts'
import { makeTemporaryFolder } from './support/files.ts'
import { pollute } from './support/pollute.ts'
import { shown } from './support/shown.ts'

const VARIABLES = ['API_KEYS', 'API_KEYS_FILE', 'API_KEYS_REDIS_URL', 'API_AUTH', 'NODE_ENV'] as const
const WARN = 40

type Variables = Partial<Record<typeof VARIABLES[number], string>>

/** Sets the process's variables and its `.env` file for the length of a test. */
async function surround (t: Test, variables: Variables, dotenv?: string): Promise<void> {
  const [before, directory] = [process.cwd(), await makeTemporaryFolder(t)]
  t.intercept(process, 'env', { value: { ...process.env } })
  for (const name of VARIABLES) delete process.env[name]
  Object.assign(process.env, variables)
  if (dotenv !== undefined) await writeFile(join(directory, '.env'), dotenv)
  process.chdir(directory)
  t.teardown(() => process.chdir(before))
}

/** Tells whose requests an app lets in that reads the process's environment. */
async function letIn (t: Test, options: DbgptAuthOptions = {}): Promise<string[]> {
  const { app, guard } = harness(t)
  await guard({ env: undefined, ...options })
  app.get('/', () => 'ok')
  const callers = { nobody: {}, key: bearer(KEY), other: bearer(OTHER_KEY) }
  const statuses = await Promise.all(Object.values(callers).map(async headers => (await app.inject({ url: '/', headers })).statusCode))
  return Object.keys(callers).filter((_, index) => statuses[index] === 200)
}

t.test('the range of Fastify is said once to npm and once to Fastify, and the tests run on the version that they say', async t => {
  const { peerDependencies } = JSON.parse(await readFile('package.json', 'utf8')) as { peerDependencies: { fastify: string } }
  const { [Symbol.for('plugin-meta')]: meta } = dbgptAuth as unknown as { [name: symbol]: { fastify: string } }
  t.equal(meta?.fastify, peerDependencies.fastify)
  const manifest = join(process.env.FASTIFY ?? '.', 'node_modules', 'fastify', 'package.json')
  t.match(JSON.parse(await readFile(manifest, 'utf8')), { version: harness(t).app.version })
  t.comment(`Fastify ${harness(t).app.version}`)
})

const EVERYBODY = ['nobody', 'key', 'other']

t.test('keys come from the process\'s environment', async t => {
  await surround(t, { API_KEYS: ` ${KEY} , ,${KEY}` })
  t.same(await letIn(t), ['key'])
})

t.test('keys come from .env in the working directory', async t => {
  await surround(t, {}, `# keys\nAPI_KEYS=${KEY}\n`)
  t.same(await letIn(t), ['key'])
})

t.test('a commented-out API_KEYS leaves the API open', async t => {
  await surround(t, {}, `# API_KEYS=${KEY}\n`)
  t.same(await letIn(t), EVERYBODY)
})

t.test('a variable that is set wins over .env, a blank one does not', async t => {
  await surround(t, { API_KEYS: OTHER_KEY }, `API_KEYS=${KEY}\n`)
  t.same(await letIn(t), ['other'])
  process.env.API_KEYS = ' '
  t.same(await letIn(t), ['key'])
})

t.test('blank variables in .env are unset ones', async t => {
  await surround(t, {}, 'API_KEYS=\nAPI_AUTH=\nNODE_ENV="  "\n')
  t.same(await letIn(t), EVERYBODY)
})

t.test('the option env alone is read', async t => {
  await surround(t, { API_KEYS: KEY, API_AUTH: 'on' }, `API_KEYS=${KEY}\nNODE_ENV=production\n`)
  t.same(await letIn(t, { env: {} }), EVERYBODY)
  t.same(await letIn(t, { env: { API_KEYS: OTHER_KEY } }), ['other'])
})

t.test('NODE_ENV in .env counts', async t => {
  await surround(t, {}, 'NODE_ENV=production\n')
  t.match(await rejection(letIn(t)), { code: 'FST_DBGPT_AUTH_KEYS_REQUIRED' })
})

t.test('a .env that cannot be read is a start-up error', async t => {
  await surround(t, {})
  await writeFile('.env', Buffer.from(`\ufeffAPI_KEYS=${KEY}\n`, 'utf16le'))
  t.match(await rejection(letIn(t)), { code: 'FST_DBGPT_AUTH_ENVIRONMENT', message: /\.env cannot be read, it is UTF-16/ })
})

t.test('.env with a byte order mark guards, and a folder of that name is none', async t => {
  await surround(t, {}, `\ufeffAPI_KEYS=${KEY}\r\n`)
  t.same(await letIn(t), ['key'])
  await rm('.env')
  await mkdir('.env')
  t.same(await letIn(t), EVERYBODY)
})

t.test('a variable on the prototype of all objects opens nothing', async t => {
  await surround(t, { API_KEYS: KEY })
  pollute(t, 'API_AUTH', 'off')
  t.same(await letIn(t), ['key'])
})

const faults: readonly (readonly [DbgptAuthOptions, object])[] = [
  [{ env: { API_AUTH: 'maybe' } }, { code: 'FST_DBGPT_AUTH_ENVIRONMENT', message: /API_AUTH must be auto, on or off/ }],
  [{ env: { API_AUTH: 'ON' } }, { code: 'FST_DBGPT_AUTH_ENVIRONMENT' }],
  [{ env: { API_AUTH: 'on' } }, { code: 'FST_DBGPT_AUTH_KEYS_REQUIRED' }],
  [{ env: { API_KEYS: `${MARKER}密钥` } }, { code: 'FST_DBGPT_AUTH_KEY_INVALID' }],
  [{ env: { API_KEYS: ',' } }, { code: 'FST_DBGPT_AUTH_KEYS_EMPTY' }],
  [{ env: { API_KEYS: `${MARKER}-short`, NODE_ENV: 'production' } }, { code: 'FST_DBGPT_AUTH_KEY_WEAK' }],
  [{ env: { API_KEYS: KEY, API_KEYS_FILE: 'keys' } }, { code: 'FST_DBGPT_AUTH_KEY_SOURCES' }],
  [{ env: { API_KEYS_REDIS_URL: `redis:${MARKER}@localhost` } }, { code: 'FST_DBGPT_AUTH_ENVIRONMENT', message: /API_KEYS_REDIS_URL must be/ }],
  [{ env: {}, keys: [{ key: KEY, expiresAt: new Date(NaN) }] }, { code: 'FST_DBGPT_AUTH_KEY_INVALID' }],
  [{ env: {}, mode: 'maybe' as 'on' }, { code: 'FST_DBGPT_AUTH_OPTION' }],
  [{ env: {}, keys: { find: () => null, open: async () => { throw new Error('no disk') } } }, { message: 'no disk' }],
  [
    { env: {}, keys: { find: () => null, open: async () => { throw undefined } } }, // eslint-disable-line no-throw-literal
    { code: 'FST_DBGPT_AUTH_KEY_STORE_OPEN' }
  ]
]

t.test('a start-up error reaches who awaits register, and who awaits ready, and names no key', async t => {
  for (const [options, expected] of faults) {
    const apps = [harness(t).app, harness(t).app] as const
    const errors = [
      await rejection(apps[0].register(dbgptAuth, options as object)),
      await rejection(apps[1].register(dbgptAuth, options as object).ready())
    ]
    for (const error of errors) {
      t.match(error, expected, shown(error))
      t.notMatch(inspect(error, { depth: 10, showHidden: true }), MARKER, shown(error))
    }
  }
})

/** What the plugin logged at start-up, from a level up. */
function warnings (log: () => LogLine[]): string[] {
  return log().filter(({ level }) => level >= WARN).map(({ msg }) => msg)
}

t.test('authentication that is off warns once and lets every request in', async t => {
  const cases: readonly (readonly [DbgptAuthOptions, RegExp])[] = [
    [{ env: {} }, /^API key authentication is off: no API keys are configured/],
    [{ env: { API_AUTH: 'off', API_KEYS: ',' } }, /^API key authentication is off: API_AUTH is off/],
    [{ mode: 'off' }, /^API key authentication is off: The option mode is off/],
    [{ mode: 'off', addHook: false }, /off and fastify\.verifyApiKey passes every request/]
  ]
  for (const [options, expected] of cases) {
    const { app, guard, log } = harness(t)
    await guard(options)
    app.get('/', request => ({ apiKey: request.apiKey }))
    app.get('/verify', { onRequest: app.verifyApiKey }, () => 'ok')
    for (const headers of [{}, bearer(WRONG_KEY)]) {
      t.same((await app.inject({ url: '/', headers })).json(), { apiKey: null }, shown(headers))
      t.equal((await app.inject({ url: '/verify', headers })).body, 'ok', shown(headers))
      t.equal((await app.inject({ url: '/unknown', headers })).statusCode, 404, shown(headers))
    }
    const [warning, ...others] = warnings(log)
    t.match(warning, expected, shown(options))
    t.same(others, [], shown(options))
    t.ok(app.apiKeys instanceof MemoryKeyStore, shown(options))
  }
})

t.test('an app\'s own store is decorated, though not opened, while authentication is off', async t => {
  const { app, guard } = harness(t)
  const keys = { find: () => null, open: async () => t.fail('opened'), close: async () => t.fail('closed') }
  await guard({ keys: keys as never, mode: 'off' })
  t.equal(app.apiKeys, keys)
})

t.test('weak keys warn, by place, and strong ones do not', async t => {
  const { guard, log } = harness(t)
  await guard({ env: { API_KEYS: `${KEY},dbgpt` } })
  t.same(warnings(log), ['Weak API keys, fit for development only: Entry 2 of API_KEYS is a placeholder'])
  const strong = harness(t)
  await strong.guard()
  t.same(warnings(strong.log), [])
  t.match(strong.log(), [{ msg: /^API key authentication is on: 1 key from API_KEYS, /, source: 'API_KEYS' }])
})

t.test('a store is opened once at start-up and closed once with the app', async t => {
  const { app, guard } = harness(t)
  const calls: string[] = []
  await guard({
    keys: { find: () => null, open: async () => { calls.push('open') }, close: async () => { calls.push('close') } }
  })
  t.same(calls, ['open'])
  await app.inject({ url: '/', headers: bearer() })
  await app.close()
  t.same(calls, ['open', 'close'])
})

t.test('the options realm, message and errorFormat reach the answer', async t => {
  const { app, guard } = harness(t)
  await guard({ realm: 'My API', message: 'Ask ops', errorFormat: 'dbgpt' })
  const { headers, body } = await app.inject('/')
  t.equal(headers['www-authenticate'], 'Bearer realm="My API"')
  t.match(body, '{\'error\': {\'message\': \'Ask ops\'')
})

t.test('options are not changed', async t => {
  const { guard } = harness(t)
  const init = Object.freeze({ key: KEY, metadata: Object.freeze({ a: Object.freeze([1]) }) })
  const options = { keys: Object.freeze([init]), env: Object.freeze({ API_KEYS: OTHER_KEY }) }
  await guard(Object.freeze(options) as DbgptAuthOptions)
  t.pass('frozen options will do')
})

t.test('the host app\'s own @fastify/env behaves as if ours were not there', async t => {
  const schema = { type: 'object', properties: { PORT: { type: 'number' } }, required: ['PORT'] }
  const env = { schema, env: false, data: { PORT: '80' } }
  for (const order of ['before', 'after', 'never']) {
    const { app, guard } = harness(t)
    if (order === 'before') await app.register(fastifyEnv, env)
    await guard()
    if (order === 'after') await app.register(fastifyEnv, env)
    app.get('/', request => request.getEnvs?.() ?? 'none')
    const expected = order === 'never' ? undefined : { PORT: 80 }
    t.same((app as { config?: unknown }).config, expected, shown(order))
    t.same(app.getEnvs?.(), expected, shown(order))
    const { body } = await app.inject({ url: '/', headers: bearer() })
    t.equal(body, order === 'never' ? 'none' : '{"PORT":80}', shown(order))
  }
})

/** Finds a text in all that can be reached from a value, and says where. */
function search (root: unknown, needle: string): string | undefined {
  const seen = new Set<unknown>()
  const queue: [unknown, string][] = [[root, 'app']]
  for (const [value, path] of queue) {
    if (typeof value === 'string' && value.includes(needle)) return path
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) continue
    if (value === process.env) continue // the user's own
    seen.add(value)
    if (value instanceof Map || value instanceof Set) queue.push([[...value], `${path}[entries]`])
    queue.push([Object.getPrototypeOf(value), `${path}[prototype]`])
    for (const key of Reflect.ownKeys(value)) {
      const descriptor = Reflect.getOwnPropertyDescriptor(value, key)
      if (typeof key === 'string') queue.push([key, `${path}[key]`])
      if (descriptor !== undefined && 'value' in descriptor) queue.push([descriptor.value, `${path}.${String(key)}`])
    }
  }
  return undefined
}

t.test('the text of the keys is nowhere in the app', async t => {
  for (const dotenv of [undefined, `API_KEYS=${KEY}\n`]) {
    await surround(t, dotenv === undefined ? { API_KEYS: KEY } : {}, dotenv)
    const app = Fastify()
    t.teardown(async () => await app.close())
    await app.register(dbgptAuth)
    app.get('/', () => 'ok')
    t.equal((await app.inject({ url: '/', headers: bearer() })).statusCode, 200, shown(dotenv))
    t.equal(search(app, MARKER), undefined, shown(dotenv))
    t.ok(search(app, 'API key authentication') === undefined && search({ a: new Map([['b', KEY]]) }, MARKER), 'it does search')
  }
})

t.test('an app that prints every error it handles prints no key', async t => {
  const { app, guard } = harness(t)
  const printed: string[] = []
  app.setErrorHandler((error, request, reply) => {
    printed.push(inspect(error, { depth: 10, showHidden: true }), inspect(request.apiKey))
    request.log.error({ error, apiKey: request.apiKey }, 'handled')
    reply.code(500).send(error)
  })
  let failing = false
  await guard({ keys: { find () { if (failing) throw new Error('down'); return null } } })
  app.get('/', () => { throw new Error('handler broke') })
  app.get('/verify', { config: { apiKey: false }, onRequest: app.verifyApiKey }, () => 'ok')
  for (failing of [false, true]) {
    for (const authorization of [`Bearer ${KEY}`, `Bearer ${KEY} `, `Basic ${KEY}`, KEY]) {
      for (const url of ['/', '/verify']) await app.inject({ url, headers: { authorization } })
    }
  }
  t.ok(printed.length > 0)
  t.notMatch(printed.join('\n'), MARKER)
})

t.test('a refusal is DB-GPT\'s whoever else answers errors', async t => {
  const { app, guard } = harness(t)
  app.setErrorHandler((_error, _request, reply) => reply.code(500).send('mine'))
  await guard()
  t.equal((await app.inject('/')).body, BODY_401)
})
