import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import t from 'tap'
import { bearer, BODY_401, CHALLENGE, challenge, KEY, WRONG_KEY } from '../support/app.ts'
import { ask, chat, listening, start } from '../support/demo-server.ts'
import { converse } from '../support/openai.ts'
import { KeptConnection } from '../support/socket.ts'

const DBGPT_401 = '{"success":false,"err_code":"401","err_msg":"{\'error\': {\'message\': \'\', \'type\': \'invalid_request_error\', \'param\': None, \'code\': \'invalid_api_key\'}}","data":null}'
const LONG = 'word '.repeat(10_000) // takes longer to stream than a test may take

const guarded: readonly (readonly [path: string, refusal: string, answer: object, init?: RequestInit])[] = [
  ['/api/v2/serve/awel/flows', DBGPT_401, {
    success: true,
    err_code: null,
    err_msg: null,
    data: { items: [{ name: 'first_awel_flow' }, { name: 'my_llm_flow' }], total_count: 2, total_pages: 1, page: 1, page_size: 20 }
  }],
  ['/api/v2/serve/awel/flows?page=2&page_size=1', DBGPT_401, { data: { items: { length: 1 }, total_pages: 2, page: 2 } }],
  ['/api/v2/serve/awel/test_auth', DBGPT_401, { status: 'ok' }],
  ['/v1/models', BODY_401, { object: 'list', data: [{ id: 'echo', object: 'model' }] }],
  ['/v1/chat/completions', BODY_401, {
    object: 'chat.completion',
    model: 'echo',
    choices: [{ index: 0, message: { role: 'assistant', content: 'You said: Hello' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 3, total_tokens: 4 }
  }, chat('Hello', false)]
]

t.test('a server with a key in API_KEYS', async t => {
  const program = start(t, { PORT: '0', API_KEYS: KEY })
  const url = await listening(program)

  t.test('says that authentication is on and how to send a key', async t => {
    t.match(program.output.stdout, '\nAuthentication is on: keys come from API_KEYS\n')
    t.match(program.output.stdout, `  curl -i ${url}/v1/models -H "Authorization: Bearer $API_KEY"\n`)
  })

  t.test('answers /health without a key', async t => {
    const response = await ask(`${url}/health`, {})
    t.equal(response.status, 200)
    t.same(await response.json(), { status: 'ok' })
  })

  for (const [path, refusal, answer, init = {}] of guarded) {
    t.test(`answers ${path} with the key, and with 401 and a challenge otherwise`, async t => {
      const accepted = await ask(url + path, init, bearer())
      t.equal(accepted.status, 200)
      t.match(await accepted.json(), answer)
      for (const [headers, expected] of [
        [{}, CHALLENGE], [bearer(WRONG_KEY), challenge('The API key is not valid')]
      ] as const) {
        const refused = await ask(url + path, init, headers)
        t.equal(refused.status, 401)
        t.equal(refused.headers.get('www-authenticate'), expected)
        t.equal(await refused.text(), refusal)
      }
    })
  }

  t.test('refuses a streamed completion without a key in one piece', async t => {
    const refused = await ask(`${url}/v1/chat/completions`, chat('Hello', true))
    t.equal(refused.status, 401)
    t.equal(await refused.text(), BODY_401)
  })

  t.test('streams a completion as server-sent events that end in [DONE]', async t => {
    const response = await ask(`${url}/v1/chat/completions`, chat('Hello', true), bearer())
    t.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    const events = (await response.text()).split('\n\n')
    t.same(events.slice(-2), ['data: [DONE]', ''])
    t.match(events.slice(0, -2), { length: 5 }, 'the role, three words, the end')
  })

  t.test('refuses a bad body as OpenAI does, but only with a key', async t => {
    const bad = { ...chat('', false), body: '{"model":"echo","messages":[]}' }
    t.equal((await ask(`${url}/v1/chat/completions`, bad)).status, 401)
    const response = await ask(`${url}/v1/chat/completions`, bad, bearer())
    t.equal(response.status, 400)
    t.match(await response.json(), { error: { message: /^body\/messages/, type: 'invalid_request_error', param: null } })
  })

  t.test('refuses a bad page in DB-GPT\'s envelope', async t => {
    const response = await ask(`${url}/api/v2/serve/awel/flows?page=0`, {}, bearer())
    t.equal(response.status, 400)
    t.match(await response.json(), { success: false, err_code: '400', err_msg: /page/, data: null })
  })

  t.test('serves the openai client that has the key, and makes one with a wrong key throw', async t => {
    await converse(t, url)
  })

  t.test('logs each refusal on stderr', async t => {
    const line = await program.says(/^(\{.*"unknown".*\})$/m, 'stderr')
    t.match(JSON.parse(line), { level: 30, reason: 'unknown', msg: 'API key rejected' })
  })
})

for (const [title, env, files, why] of [
  ['no keys', { PORT: '0' }, {}, 'no API keys are configured, set API_KEYS to turn it on'],
  ['API_AUTH=off', { PORT: '0', API_AUTH: 'off', API_KEYS: KEY }, {}, 'API_AUTH is off'],
  ['API_AUTH=off in .env', {}, { '.env': `PORT=0\nAPI_AUTH=off\nAPI_KEYS=${KEY}\n` }, 'API_AUTH is off']
] as const) {
  t.test(`a server with ${title} says that authentication is off and why, and serves everybody`, async t => {
    const program = start(t, env, files)
    const url = await listening(program)
    t.match(program.output.stdout, `\nAuthentication is off: ${why}\n`)
    t.notMatch(program.output.stdout, 'Bearer')
    for (const [path, , answer, init = {}] of guarded) {
      const response = await ask(url + path, init)
      t.equal(response.status, 200)
      t.match(await response.json(), answer)
    }
  })
}

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
