import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { readerOf } from '../../examples/gateway/answer.ts'
import { readSettings, trustProxyOf } from '../../examples/gateway/settings.ts'
import { bearer, KEY, MARKER, rejection } from '../support/app.ts'
import { ask, chat, listening, start } from '../support/demo-server.ts'

const LONG = 'word '.repeat(10_000) // takes longer to stream than a test may take
const SECRET = 'a secret of more than 32 characters for the tests'

t.test('settings have defaults, and a blank variable is an unset one', async t => {
  const defaults = {
    HOST: '127.0.0.1', PORT: 3000, DBGPT_URL: '', DBGPT_API_KEY: '', SESSION_SECRET: '', TRUST_PROXY: '', API_KEYS_REDIS_URL: '', NODE_ENV: ''
  }
  t.same(await readSettings({}), defaults)
  t.same(await readSettings(Object.fromEntries(Object.keys(defaults).map(name => [name, ' ']))), defaults)
  t.match(await readSettings({ PORT: '0', DBGPT_URL: 'https://dbgpt:5670/', SESSION_SECRET: SECRET }), { PORT: 0, SESSION_SECRET: SECRET })
})

t.test('a wrong setting is refused by name, and not shown', async t => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['PORT', '65536', /^PORT must be a number from 0 to 65535$/],
    ['PORT', MARKER, /^PORT must be/],
    ['DBGPT_URL', `ftp://${MARKER}`, /^DBGPT_URL must be a URL without a path/],
    ['DBGPT_URL', `http://user:${MARKER}@host`, /^DBGPT_URL must be/],
    ['DBGPT_URL', 'http://host/path', /^DBGPT_URL must be/],
    ['DBGPT_API_KEY', `${MARKER} x`, /^DBGPT_API_KEY must be a key without blanks$/],
    ['SESSION_SECRET', MARKER, /^SESSION_SECRET must be at least 32 characters$/],
    ['TRUST_PROXY', 'example.com', /^TRUST_PROXY must be true, a number of proxies/]
  ]
  for (const [name, value, message] of cases) {
    const error = await rejection(readSettings({ [name]: value }))
    t.match(error.message, message)
    t.notOk(error.message.includes(MARKER))
  }
})

t.test('who reads an answer is told by the path, and by what browsers say of themselves', async t => {
  const cases: readonly (readonly [string, string, Record<string, string>, string])[] = [
    ['GET', '/flows', { accept: 'text/html,*/*' }, 'person'],
    ['GET', '/flows', { 'sec-fetch-mode': 'navigate' }, 'person'],
    ['GET', '/flows', { 'sec-fetch-mode': 'cors', accept: 'text/html' }, 'dbgpt'],
    ['POST', '/flows', { accept: 'text/html' }, 'openai'],
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

t.test('TRUST_PROXY says whose word is taken', async t => {
  for (const off of ['', 'false']) t.equal(trustProxyOf(off), false)
  t.equal(trustProxyOf('true'), true)
  t.same(trustProxyOf('127.0.0.1, 10.0.0.0/8'), ['127.0.0.1', '10.0.0.0/8'])
  const hops = trustProxyOf('2') as (address: string, hop: number) => boolean
  t.same([0, 1, 2, 3].map(hop => hops('', hop)), [true, true, false, false])
})

t.test('in production with keys on, a secret for sessions must be set; without keys it need not', async t => {
  const production = { NODE_ENV: 'production', PORT: '0' }
  const refused = start(t, { ...production, API_KEYS: KEY }, {}, 'gateway')
  t.match(await refused.exit, { code: 1 })
  t.match(refused.output, { stdout: '', stderr: /Cannot start: SESSION_SECRET must be set in production/ })
  await listening(start(t, { ...production, API_KEYS: KEY, SESSION_SECRET: SECRET }, {}, 'gateway'))
  await listening(start(t, { ...production, API_AUTH: 'off' }, {}, 'gateway'))
})

t.test('outside production, one without a secret is warned of', async t => {
  const program = start(t, { PORT: '0', API_KEYS: KEY }, {}, 'gateway')
  const url = await listening(program)
  t.match(program.output.stdout, /In front of a small stand-in for DB-GPT[^]*Authentication is on/)
  t.match(program.output.stderr, /SESSION_SECRET is not set: sessions end with this process/)
  t.equal((await ask(`${url}/v1/models`, {}, bearer())).status, 200)
})

t.test('what the gateway prints can be tried, with and without keys', async t => {
  for (const env of [{ API_KEYS: KEY }, {}]) {
    const program = start(t, { PORT: '0', SESSION_SECRET: SECRET, ...env }, {}, 'gateway')
    await listening(program)
    const commands = program.output.stdout.match(/^ {2}curl .*$/gm) ?? []
    t.equal(commands.length, 'API_KEYS' in env ? 4 : 3)
    for (const command of commands) {
      const [, url = ''] = /(http:\S+)/.exec(command) ?? []
      const [, body] = /-d '(.*)'/.exec(command) ?? []
      const init = body === undefined ? {} : { method: 'POST', body, headers: { 'content-type': 'application/json' } }
      const answer = await ask(url, init, command.includes('$API_KEY') ? bearer() : {})
      t.equal(answer.status, command.endsWith(': 401') ? 401 : 200, command)
      await answer.text()
    }
  }
})

t.test('a port that is taken ends the start with one line and exit code 1', async t => {
  const other = net.createServer().listen(0, '127.0.0.1')
  t.teardown(() => other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const program = start(t, { PORT: String(port), API_AUTH: 'off' }, {}, 'gateway')
  t.match(await program.exit, { code: 1 })
  t.match(program.output.stderr, `Cannot start: listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`)
})

t.test('SIGTERM ends the gateway with exit code 0, and a stream that goes on after 10 seconds', async t => {
  const program = start(t, { PORT: '0', API_KEYS: KEY, SESSION_SECRET: SECRET }, {}, 'gateway')
  const url = await listening(program)
  const stream = await ask(`${url}/v1/chat/completions`, chat(LONG, true), bearer())
  const end = rejection(stream.text())
  const begin = performance.now()
  program.kill('SIGTERM')
  t.same(await program.exit, { code: 0, signal: null })
  t.match(await end, { message: 'terminated' }, 'the client learns that the answer is not whole')
  const ms = performance.now() - begin
  t.ok(ms > 9000 && ms < 20_000, `${Math.round(ms)} ms`)
})
