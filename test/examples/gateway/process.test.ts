import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { bearer, KEY, rejection } from '../../support/app.ts'
import { withShortTimers } from '../../support/clock.ts'
import { ask, chat, compileServer, listening } from '../../support/demo-server.ts'
import type { Program } from '../../support/process.ts'

const LONG = 'word '.repeat(10_000) // takes longer to stream than a test may take
const SECRET = 'a secret of more than 32 characters for the tests'

const compiled = await compileServer('test-gateway-process')
const start = (t: Test, env: Record<string, string>): Program => compiled(t, env, {}, 'gateway')

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

t.test('in production with keys on, a secret for sessions must be set', async t => {
  const refused = start(t, { NODE_ENV: 'production', PORT: '0', API_KEYS: KEY })
  t.match(await refused.exit, { code: 1 })
  t.match(refused.output, { stdout: '', stderr: /Cannot start: SESSION_SECRET must be set in production/ })
})

t.test('without keys it need not, and what the gateway prints can be tried', async t => {
  const program = start(t, { NODE_ENV: 'production', PORT: '0', API_AUTH: 'off' })
  await listening(program)
  t.equal(await tryCommands(t, program), 3)
})

t.test('outside production, one without a secret is warned of, and what the gateway prints can be tried', async t => {
  const program = start(t, { PORT: '0', API_KEYS: KEY })
  await listening(program)
  t.match(program.output.stdout, /In front of a small stand-in for DB-GPT[^]*Authentication is on/)
  t.match(program.output.stderr, /SESSION_SECRET is not set: sessions end with this process/)
  t.equal(await tryCommands(t, program), 4)
})

t.test('a port that is taken ends the start with one line and exit code 1', async t => {
  const other = net.createServer().listen(0, '127.0.0.1')
  t.teardown(() => other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const program = start(t, { PORT: String(port), API_AUTH: 'off' })
  t.match(await program.exit, { code: 1 })
  t.match(program.output.stderr, `Cannot start: listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`)
})

t.test('in production, SIGTERM ends the gateway with exit code 0, and a stream that goes on after 10 seconds', async t => {
  const env = { NODE_ENV: 'production', PORT: '0', API_KEYS: KEY, SESSION_SECRET: SECRET }
  const program = start(t, { ...env, ...withShortTimers('/gateway/streams.js', 10_000, 300) })
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
