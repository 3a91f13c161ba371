import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import t from 'tap'
import { bearer, KEY } from '../../support/app.ts'
import { ask, chat, compileServer, listening } from '../../support/demo-server.ts'
import { KeptConnection } from '../../support/socket.ts'

const LONG = 'word '.repeat(10_000) // takes longer to stream than a test may take

const start = await compileServer('test-server-process')

t.test('the keys and the port are read from .env in the working directory', async t => {
  const program = start(t, {}, { '.env': `PORT=0\nAPI_KEYS=${KEY}\n` })
  const url = await listening(program)
  t.match(program.output.stdout, '\nAuthentication is on: keys come from API_KEYS\n')
  t.equal((await ask(`${url}/v1/models`, {})).status, 401)
  t.equal((await ask(`${url}/v1/models`, {}, bearer())).status, 200)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  t.test(`${signal} ends the server with exit code 0, whatever is open`, async t => {
    const program = start(t, { PORT: '0', API_KEYS: KEY })
    const url = await listening(program)
    const port = Number(new URL(url).port)
    const idle = new KeptConnection(port)
    t.match(await idle.ask('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n'), /^HTTP\/1\.1 200/)
    const halfRequest = net.connect(port, '127.0.0.1').on('error', () => {})
    halfRequest.write('POST /v1/chat/completions HTTP/1.1\r\nContent-Le')
    const stream = await ask(`${url}/v1/chat/completions`, chat(LONG, true), bearer())
    program.kill(signal)
    t.same(await program.exit, { code: 0, signal: null })
    await t.rejects(stream.text(), { message: 'terminated' }, 'the client learns that the answer is not whole')
  })
}

t.test('a wrong setting ends the start with one line and exit code 1', async t => {
  const cases = ([
    [{ PORT: '65536' }, 'env/PORT must be <= 65535'],
    [{ PORT: '-1' }, 'env/PORT must be >= 0'],
    [{ PORT: 'http' }, 'env/PORT must be integer'],
    [{ HOST: '' }, 'env/HOST must NOT have fewer than 1 characters'],
    [{ API_AUTH: 'maybe' }, 'FST_DBGPT_AUTH_ENVIRONMENT: Bad environment: API_AUTH must be auto, on or off'],
    [{ API_KEYS: ',' }, 'FST_DBGPT_AUTH_KEYS_EMPTY: API_KEYS is set but holds no key: put a key in it, or leave it unset']
  ] as const).map(([env, line]) => ({ env, line, program: start(t, env) })) // at once, for they do not wait for each other
  for (const { env, line, program } of cases) {
    t.same(await program.exit, { code: 1, signal: null }, JSON.stringify(env))
    t.same(program.output, { stdout: '', stderr: `Cannot start: ${line}\n` }, JSON.stringify(env))
  }
})

t.test('a port that is taken ends the start with one line and exit code 1', async t => {
  const other = net.createServer().listen(0, '127.0.0.1')
  t.teardown(() => other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const program = start(t, { PORT: String(port), API_KEYS: KEY })
  t.same(await program.exit, { code: 1, signal: null })
  const stderr = `Cannot start: listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`
  t.same(program.output, { stdout: '', stderr })
})
