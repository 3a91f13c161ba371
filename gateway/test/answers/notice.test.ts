import t from 'tap'
import { createApiKey } from 'fastify-dbgpt-auth'
import { bearer, KEY, WRONG_KEY } from '../../../test/support/app.ts'
import { type Answer, ask, logIn } from '../support/gateway-client.ts'
import { startGateway } from '../support/gateway.ts'
import { startRecordedGateway } from '../support/recorder.ts'

const PAGE = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }
const ENDED = { en: 'Your session has ended, log in again: /login', zh: '登录已失效，请重新登录：/login' } as const
const MISSING = 'No API key was sent: send Authorization: Bearer <key>. See fastify-dbgpt-auth, docs/errors.md#missing'
const UNKNOWN = /^The API key is not valid: .* See fastify-dbgpt-auth, docs\/errors\.md#unknown$/
const PATH = '/api/v2/serve/awel/flows'

/** The bytes of DB-GPT's own refusal, with a message. */
function envelope (message: string, status = 401, type = 'invalid_request_error', code = 'invalid_api_key'): string {
  const text = `{'error': {'message': '${message}', 'type': '${type}', 'param': None, 'code': '${code}'}}`
  return JSON.stringify({ success: false, err_code: String(status), err_msg: text, data: null })
}

t.test('a page whose session has ended is told so in its language', async t => {
  const { url } = await startGateway(t)
  for (const [headers, language] of [
    [{}, 'en'], [{ 'accept-language': 'zh-CN,zh;q=0.9,en;q=0.8' }, 'zh'], [{ 'accept-language': 'de, en;q=0.5' }, 'en'],
    [{ cookie: 'dbgpt-language=zh' }, 'zh'], [{ cookie: 'dbgpt-language=zh', 'accept-language': 'en' }, 'zh'],
    [{ cookie: 'a=b; dbgpt-language=en', 'accept-language': 'zh' }, 'en'],
    [{ cookie: 'dbgpt-language=__proto__', 'accept-language': 'zh' }, 'zh'], [{ cookie: 'dbgpt-language=zh-CN' }, 'en']
  ] as const) {
    for (const path of [PATH, '/knowledge/space/list', '/api/v1/chat/dialogue/list']) {
      const answer = await ask(url + path, { headers: { ...PAGE, ...headers } })
      t.match(answer, { status: 401, headers: { 'content-type': /^application\/json$/, 'cache-control': 'no-store' } }, JSON.stringify(headers))
      t.equal(answer.body, envelope(ENDED[language]), JSON.stringify(headers))
    }
  }
})

t.test('who is a page of this host is told by the browser, on plain HTTP by the address of the page', async t => {
  const { url } = await startGateway(t)
  for (const [title, headers, message] of [
    ['a page', PAGE, ENDED.en],
    ['a page on plain HTTP', { referer: `${url}/construct/flow/` }, ENDED.en],
    ['a page behind a proxy that asks for a password', { ...PAGE, authorization: 'Basic eDp5' }, ENDED.en],
    ['a page of another host on plain HTTP', { referer: `${url}.evil.example/` }, MISSING],
    ['a page of another site', { ...PAGE, 'sec-fetch-site': 'cross-site', referer: `${url}/` }, MISSING],
    ['a program', {}, MISSING],
    ['fetch of Node', { 'sec-fetch-mode': 'cors', 'accept-language': '*' }, MISSING],
    ['a page with a wrong key', { ...PAGE, ...bearer(WRONG_KEY) }, UNKNOWN],
    ['a program with a wrong key', bearer(WRONG_KEY), UNKNOWN]
  ] as const) {
    t.match(messageOf(await ask(url + PATH, { headers })), message, title)
  }
})

t.test('a program is told in OpenAI\'s words what to do', async t => {
  const { url } = await startGateway(t)
  for (const [headers, message] of [
    [{}, MISSING], [bearer(WRONG_KEY), UNKNOWN], [{ ...bearer(WRONG_KEY), 'accept-language': 'zh' }, UNKNOWN]
  ] as const) {
    t.match(JSON.parse((await ask(`${url}/v1/models`, { headers })).body), {
      error: { message, type: 'invalid_request_error', param: null, code: 'invalid_api_key' }
    })
  }
})

t.test('a session ends with its key, and one whose key is not for DB-GPT does not', async t => {
  const { url, store } = await startGateway(t)
  const { id } = createApiKey(KEY)
  const headers = { ...PAGE, cookie: await logIn(url) }
  await store.revoke(id)
  await store.add(createApiKey({ key: KEY, scopes: ['another'] }))
  for (const [language, text] of [
    ['en', 'Your key is not for DB-GPT, log in with another one: /login'], ['zh', '您的密钥不能用于 DB-GPT，请使用其他密钥登录：/login']
  ] as const) {
    const { status, body } = await ask(url + PATH, { headers: { ...headers, 'accept-language': language } })
    t.strictSame([status, body], [403, envelope(text, 403, 'invalid_request_error', 'insufficient_scope')], language)
  }
  await store.expire(id, new Date(0))
  for (const title of ['its key has expired', 'it is gone']) t.equal((await ask(url + PATH, { headers })).body, envelope(ENDED.en), title)
})

t.test('keys that cannot be checked are no reason to log in again', async t => {
  let isDown = false
  const keys = { find: () => { if (isDown) throw new Error('down'); return createApiKey(KEY) } }
  const { url } = await startGateway(t, { auth: { keys, env: {}, logLevel: 'silent' } })
  const cookie = await logIn(url)
  isDown = true
  for (const [language, text] of [
    ['en', 'Keys cannot be checked just now, yours is not the reason. Try again in a moment.'], ['zh', '暂时无法验证密钥，问题不在您的密钥。请稍后重试。']
  ] as const) {
    const { body } = await ask(url + PATH, { headers: { ...PAGE, 'accept-language': language, cookie } })
    t.equal(body, envelope(text, 503, 'server_error', 'key_store_unavailable'), language)
  }
})

t.test('whoever runs the gateway can have another message, or none', async t => {
  const auth = { keys: [KEY], env: {}, logLevel: 'silent' } as const
  for (const [title, options, message] of [
    ['API_AUTH_EXPLAIN=off', { settings: { API_AUTH_EXPLAIN: 'off' } }, ''],
    ['explain: false', { auth: { ...auth, explain: false } }, ''],
    ['a message', { auth: { ...auth, message: 'Ask ops' } }, 'Ask ops'],
    ['a blank message', { auth: { ...auth, message: '' } }, ''],
    ['explain: true wins', { auth: { ...auth, explain: true }, settings: { API_AUTH_EXPLAIN: 'off' } }, ENDED.en]
  ] as const) {
    const { url } = await startGateway(t, options)
    t.equal((await ask(url + PATH, { headers: PAGE })).body, envelope(message), title)
  }
})

t.test('DB-GPT does not see which language its page has told', async t => {
  const { url, seen } = await startRecordedGateway(t)
  t.equal((await ask(url + PATH, { headers: { ...bearer(), cookie: 'a=1; dbgpt-language=zh; b=2' } })).status, 200)
  t.equal(seen[0]?.headers.cookie, 'a=1; b=2')
})

function messageOf ({ body }: Answer): string {
  return /'message': '(.*)', 'type'/.exec((JSON.parse(body) as { err_msg: string }).err_msg)?.[1] ?? body
}
