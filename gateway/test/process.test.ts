import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import type { FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { readerOf } from '../lib/answers/answer.ts'
import { probe } from '../lib/probe.ts'
import { readSettings, trustProxyOf } from '../lib/settings.ts'
import { bearer, KEY, MARKER, rejection } from '../../test/support/app.ts'
import { Certificates } from '../../test/support/certificates.ts'
import { withShortTimers } from '../../test/support/clock.ts'
import { ask, chat, listening, start as startExample } from '../../test/support/demo-server.ts'
import type { Program } from '../../test/support/process.ts'
import { freePorts } from '../../test/support/redis.ts'
import { startSources } from './support/sources.ts'
import { startServer } from './support/upstream.ts'
import { until } from '../../test/support/until.ts'

const LONG = 'word '.repeat(10_000) // takes longer to stream than a test may take
const SECRET = 'a secret of more than 32 characters for the tests'

const start = (t: Test, env: Record<string, string>): Program => startExample(t, env, {}, 'gateway')

/** Runs each command that a gateway has printed as a shell with the key in API_KEY would, and returns how many there are. */
async function tryCommands (t: Test, { output }: Program): Promise<number> {
  const commands = output.stdout.match(/^ {2}curl .*$/gm) ?? []
  for (const command of commands) {
    const [, url = ''] = /(http:\S+)/.exec(command) ?? []
    const [, body] = /-d '(.*)'/.exec(command) ?? []
    const init = body === undefined ? {} : { method: 'POST', body, headers: { 'content-type': 'application/json' } }
    const answer = await ask(url, init, command.includes('$API_KEY') ? bearer() : {})
    t.equal(answer.status, command.endsWith(': 401') ? 401 : 200, command)
    await answer.text()
  }
  return commands.length
}

t.test('what cannot start says why in one line, and exits with 1', async t => {
  const other = net.createServer().listen(0, '127.0.0.1')
  t.teardown(() => other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const cases = [
    [{ NODE_ENV: 'production', API_KEYS: KEY }, /^Cannot start: SESSION_SECRET must be set in production, to at least 32 characters: .*\n$/],
    [{ API_AUTH: 'off', PORT: String(port) }, new RegExp(`^Cannot start: listen EADDRINUSE: address already in use 127\\.0\\.0\\.1:${port}\n$`)],
    [{ API_KEYS: ',' }, /^Cannot start: FST_DBGPT_AUTH_\w+: .*\n$/]
  ] as const
  await Promise.all(cases.map(async ([env, text]) => {
    const program = await startSources(t, { PORT: '0', ...env })
    t.match(await program.exit, { code: 1 }, String(text))
    t.equal(program.output.stdout, '', String(text))
    t.match(program.output.stderr.replace(/^{.*\n/gm, ''), text)
    t.notMatch(program.output.stderr, /"level":50/, 'and no line of the log says it once more')
  }))
})

t.test('in production without keys no secret need be set, and what the gateway prints can be tried', async t => {
  const program = start(t, { NODE_ENV: 'production', PORT: '0', API_AUTH: 'off' })
  await listening(program)
  t.equal(await tryCommands(t, program), 3)
})

t.test('outside production, one without a secret is warned of, and what the gateway prints can be tried', async t => {
  const program = await startSources(t, { PORT: '0', API_KEYS: KEY })
  await listening(program)
  t.match(program.output.stdout, /In front of a small stand-in for DB-GPT[^]*Authentication is on/)
  t.match(program.output.stderr, /SESSION_SECRET is not set: sessions end with this process/)
  t.equal(await tryCommands(t, program), 4)
  program.kill('SIGTERM')
  t.match(await program.exit, { code: 0 })
})

t.test('in front of a DB-GPT with TLS, what is printed is DB-GPT\'s, WebSockets get through, and SIGHUP ends nothing', async t => {
  const asked: string[] = []
  const certificates = await Certificates.make(t)
  const files = await certificates.optionsFor(1)
  const fileOf = (option: string): Promise<Buffer> => readFile(files[files.indexOf(option) + 1] as string)
  const server = https.createServer({ cert: await fileOf('--tls-cert-file'), key: await fileOf('--tls-key-file') }, (request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`)
    response.end('{}')
  })
  const sockets = new WebSocketServer({ server }).on('connection', socket => socket.on('message', data => socket.send(data)))
  t.teardown(() => {
    sockets.close()
    server.close().closeAllConnections()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const upstream = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const program = await startSources(t, {
    PORT: '0', API_KEYS: KEY, SESSION_SECRET: SECRET, DBGPT_URL: upstream, DBGPT_API_KEY: 'its-key', NODE_EXTRA_CA_CERTS: certificates.ca
  })
  const url = await listening(program)
  const { stdout } = program.output
  t.match(stdout, `In front of DB-GPT at ${upstream}\nAuthentication is on\n\nOpen ${url}/ and log in with one of your keys (/construct/app/, `)
  t.notMatch(stdout, /stand-in|\/flows\b(?<!awel\/flows)|\/v1\/|But /)
  t.same(asked, ['GET /api/v2/serve/awel/flows Bearer its-key'], 'it was asked once')
  t.equal(await tryCommands(t, program), 3)
  t.match(asked.at(-1), /^POST \/api\/v2\/chat\/completions /)
  const socket = new WebSocket(url.replace('http', 'ws'), { headers: bearer() })
  await once(socket, 'open')
  socket.send('text')
  t.equal(String((await once(socket, 'message'))[0]), 'text')
  socket.terminate()
  program.kill('SIGHUP')
  await program.says(/SIGHUP changes nothing/, 'stderr')
  t.equal((await ask(`${url}/health`, {})).status, 200)
  program.kill('SIGTERM')
  t.match(await program.exit, { code: 0 })
})

t.test('a DB-GPT that is down is told of at the start, which it does not stop', async t => {
  const [port] = await freePorts(1)
  const DBGPT_URL = `http://127.0.0.1:${port}`
  const program = await startSources(t, { PORT: '0', API_AUTH: 'off', DBGPT_URL })
  await listening(program)
  const text = `DB-GPT cannot be reached at ${DBGPT_URL} (ECONNREFUSED): until it can, requests are answered 502 or 504`
  t.match(program.output.stdout, `\nBut ${text}\n`)
  t.match(program.output.stderr, `"msg":"${text}"`)
  program.kill('SIGINT')
  t.match(await program.exit, { code: 0 })
})

t.test('DB-GPT is asked as the gateway would', async t => {
  const keys: (string | undefined)[] = []
  const { upstream } = await startServer(t, ({ headers }, response) => {
    keys.push(headers.authorization)
    if (headers.authorization === 'Bearer hang') return
    response.writeHead(headers.authorization === 'Bearer good' ? 404 : 401).end()
  })
  t.equal(await probe(upstream, 'good'), undefined, 'whatever it answers, it is there')
  for (const key of ['', 'bad']) t.match(await probe(upstream, key), /^DB-GPT answers 401: set DBGPT_API_KEY /, key)
  t.match(await probe(upstream, 'hang', 50), / \(no answer\): /)
  t.same(keys, ['Bearer good', undefined, 'Bearer bad', 'Bearer hang'])
  t.match(await probe('http://127.0.0.1:1', ''), / \(bad port\): /, 'one that fetch does not take')
  t.match(await probe('http://[', ''), / \(ERR_INVALID_URL\): /)
})

t.test('in production, SIGTERM ends the gateway with exit code 0, and a stream that goes on after 10 seconds', async t => {
  const env = { NODE_ENV: 'production', PORT: '0', API_KEYS: KEY, SESSION_SECRET: SECRET }
  const program = start(t, { ...env, ...withShortTimers('/gateway/dist/shutdown.js', 10_000, 300) })
  const url = await listening(program)
  const stream = await ask(`${url}/v1/chat/completions`, chat(LONG, true), bearer())
  const end = rejection(stream.text())
  const begin = performance.now()
  program.kill('SIGTERM')
  t.same(await program.exit, { code: 0, signal: null })
  t.match(program.output.stderr, /^a timer of 10000 ms$/m)
  t.ok(performance.now() - begin > 290, 'not before its time')
  t.match(await end, { message: 'terminated' }, 'the client learns that the answer is not whole')
})

t.test('at SIGTERM, DRAIN_SECONDS long, the gateway serves on and says that it is about to end', async t => {
  const program = await startSources(t, { PORT: '0', API_KEYS: KEY, DRAIN_SECONDS: '3600', METRICS_PORT: '0' })
  const url = await listening(program)
  const statusOf = async (path: string): Promise<number> => (await ask(url + path, { headers: { connection: 'close' } }, bearer())).status
  t.equal(await statusOf('/ready'), 200)
  program.kill('SIGTERM')
  await until(async () => await statusOf('/ready') === 503)
  t.equal(await statusOf('/v1/models'), 200)
  t.equal(await statusOf('/health'), 200)
  // This connection is kept, and holds nothing.
  const metrics = await fetch(await program.says(/^Metrics are at (http:.*)$/m))
  t.match(await metrics.text(), /^dbgpt_auth_store_up 1$/m)
  program.kill('SIGINT')
  t.same(await program.exit, { code: 0, signal: null }, 'SIGINT does not wait')
})

t.test('settings have defaults, and a blank variable is an unset one', async t => {
  const defaults = {
    HOST: '127.0.0.1',
    PORT: 3000,
    DBGPT_URL: '',
    DBGPT_API_KEY: '',
    DBGPT_USERS: 'on',
    GATEWAY_BADGE: 'on',
    API_AUTH_EXPLAIN: 'on',
    SESSION_SECRET: '',
    TRUST_PROXY: '',
    DRAIN_SECONDS: 0,
    API_KEYS_REDIS_URL: '',
    NODE_ENV: '',
    CORS_ORIGINS: '',
    KEY_HEADER: '',
    METRICS_HOST: '127.0.0.1',
    METRICS_PER_KEY: 'off'
  }
  t.same(await readSettings({}), defaults)
  t.same(await readSettings(Object.fromEntries(Object.keys(defaults).map(name => [name, ' ']))), defaults)
  t.match(await readSettings({ PORT: '0', METRICS_PORT: '0' }), { PORT: 0, METRICS_PORT: 0 }, 'two free ports')
  t.match(await readSettings({ PORT: '0', DBGPT_URL: 'https://dbgpt:5670/', SESSION_SECRET: SECRET }), { PORT: 0, SESSION_SECRET: SECRET })
})

t.test('a wrong setting is refused by name, and not shown', async t => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['PORT', '65536', /^PORT must be a number from 0 to 65535$/],
    ['PORT', MARKER, /^PORT must be/],
    ['DBGPT_URL', `ftp://${MARKER}`, /^DBGPT_URL must be a URL without a path/],
    ['DBGPT_URL', `http://user:${MARKER}@host`, /^DBGPT_URL must be/],
    ['DBGPT_URL', 'http://host/path', /^DBGPT_URL must be/],
    ['DBGPT_URL', 'http://host:99999', /^DBGPT_URL must be/],
    ['DBGPT_URL', 'http://[::1', /^DBGPT_URL must be/],
    ['DBGPT_URL', 'http://127.0.0.1:3000', /^DBGPT_URL must be .*, and not the gateway's own$/],
    ['DBGPT_URL', 'http://localhost:3000/', /^DBGPT_URL must be/],
    ['DBGPT_API_KEY', `${MARKER} x`, /^DBGPT_API_KEY must be a key without blanks$/],
    ['DBGPT_USERS', MARKER, /^DBGPT_USERS must be on or off$/],
    ['GATEWAY_BADGE', 'false', /^GATEWAY_BADGE must be on or off$/],
    ['API_AUTH_EXPLAIN', 'true', /^API_AUTH_EXPLAIN must be on or off$/],
    ['SESSION_SECRET', MARKER, /^SESSION_SECRET must be at least 32 characters$/],
    ['TRUST_PROXY', 'example.com', /^TRUST_PROXY must be true, a number of proxies/],
    ['DRAIN_SECONDS', '-1', /^DRAIN_SECONDS must be a number from 0 to 3600$/],
    ['DRAIN_SECONDS', '3601', /^DRAIN_SECONDS must be/],
    ['CORS_ORIGINS', 'app.example.com', /^CORS_ORIGINS must be origins such as/],
    ['CORS_ORIGINS', `https://a.example, https://b.example/${MARKER}`, /^CORS_ORIGINS must be/],
    ['CORS_ORIGINS', `https://user:${MARKER}@a.example`, /^CORS_ORIGINS must be/],
    ['METRICS_PORT', '65536', /^METRICS_PORT must be a number from 0 to 65535, and another than PORT$/],
    ['METRICS_PORT', '3000', /^METRICS_PORT must be/],
    ['METRICS_PER_KEY', 'yes', /^METRICS_PER_KEY must be on or off$/],
    ['KEY_HEADER', 'X API Key', /^KEY_HEADER must be the name of a header/],
    ['KEY_HEADER', 'Authorization', /^KEY_HEADER must be/],
    ['KEY_HEADER', 'content-length', /^KEY_HEADER must be/]
  ]
  for (const [name, value, message] of cases) {
    const error = await rejection(readSettings({ [name]: value }))
    t.match(error.message, message, `${name}=${value}`)
    t.notOk(error.message.includes(MARKER), `${name}=${value}`)
  }
})

t.test('an address is the gateway\'s own only where it listens', async t => {
  const urlOf = async (more: NodeJS.ProcessEnv): Promise<string> => (await readSettings(more)).DBGPT_URL
  for (const HOST of ['0.0.0.0', '::', 'localhost']) t.match(await rejection(urlOf({ HOST, DBGPT_URL: 'http://127.0.0.1:3000' })), { message: /own$/ }, HOST)
  t.match(await rejection(urlOf({ HOST: '10.0.0.1', PORT: '80', DBGPT_URL: 'http://10.0.0.1' })), { message: /own$/ })
  for (const [HOST, PORT, DBGPT_URL] of [
    ['10.0.0.1', '3000', 'http://127.0.0.1:3000'], ['0.0.0.0', '3000', 'http://dbgpt:3000'], ['127.0.0.1', '443', 'https://127.0.0.1']
  ] as const) t.equal(await urlOf({ HOST, PORT, DBGPT_URL }), DBGPT_URL, `${HOST} ${PORT} ${DBGPT_URL}`)
})

t.test('TRUST_PROXY says whose word is taken', async t => {
  for (const off of ['', 'false']) t.equal(trustProxyOf(off), false, `"${off}"`)
  t.equal(trustProxyOf('true'), true)
  t.same(trustProxyOf('127.0.0.1, 10.0.0.0/8'), ['127.0.0.1', '10.0.0.0/8'])
  const hops = trustProxyOf('2') as (address: string, hop: number) => boolean
  t.same([0, 1, 2, 3].map(hop => hops('', hop)), [true, true, false, false])
})

t.test('who reads an answer is told by the path, and by what browsers say of themselves', async t => {
  const cases: readonly (readonly [string, string, Record<string, string>, string])[] = [
    ['GET', '/flows', { accept: 'text/html,*/*' }, 'person'],
    ['GET', '/flows', { 'sec-fetch-mode': 'navigate' }, 'person'],
    ['GET', '/flows', { 'sec-fetch-mode': 'cors', accept: 'text/html' }, 'dbgpt'],
    ['POST', '/flows', { accept: 'text/html' }, 'person'],
    ['POST', '/flows', { 'sec-fetch-mode': 'navigate' }, 'person'],
    ['POST', '/flows', { 'sec-fetch-mode': 'cors', accept: 'text/html' }, 'dbgpt'],
    ['PUT', '/flows', { accept: 'text/html' }, 'openai'],
    ['GET', '/api/v1/chat/db/list', {}, 'dbgpt'],
    ['POST', '/knowledge/space/list', { 'sec-fetch-mode': 'cors' }, 'dbgpt'],
    ['POST', '/knowledge/space/list', { referer: 'http://10.0.0.1/knowledge' }, 'dbgpt'],
    ['POST', '/knowledge/space/list', {}, 'openai'],
    ['POST', '/v1/chat/completions', { referer: 'http://10.0.0.1/' }, 'openai']
  ]
  for (const [method, url, headers, reader] of cases) {
    t.equal(readerOf({ method, url, headers } as unknown as FastifyRequest), reader, `${method} ${url} ${JSON.stringify(headers)}`)
  }
})
