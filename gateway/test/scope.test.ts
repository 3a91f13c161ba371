import t from 'tap'
import { createApiKey } from 'fastify-dbgpt-auth'
import { bearer, KEY, MARKER, OTHER_KEY } from '../../test/support/app.ts'
import { exchange } from '../../test/support/socket.ts'
import { until } from '../../test/support/until.ts'
import { handshake } from './support/websocket.ts'
import { ask, logIn, sendForm } from './support/gateway-client.ts'
import { startRecordedGateway } from './support/recorder.ts'
import { startStreams } from './support/streams.ts'

const PERSON = { accept: 'text/html,*/*;q=0.8' }
const id = createApiKey(OTHER_KEY).id

/** Keys by their scopes, and whether DB-GPT is to see them. */
const KEYS: readonly (readonly [scopes: readonly string[] | undefined, reaches: boolean])[] = [
  [undefined, true], [['dbgpt'], true], [['other', 'dbgpt'], true], [[], false], [['other'], false], [['DBGPT'], false], [['dbgpt:read'], false]
]

t.test('a key with scopes reaches DB-GPT only with the scope dbgpt, by whatever path and method', async t => {
  const { url, store, seen, port } = await startRecordedGateway(t)
  for (const [index, [scopes, reaches]] of KEYS.entries()) {
    const key = `dbgpt_${MARKER}_0000000000000000000${index}`
    await store.add(createApiKey({ key, name: `key-${index}`, scopes }))
    for (const [method, path] of [
      ['GET', '/'], ['GET', '/v1/models'], ['POST', '/v1/chat/completions'], ['GET', '/api/v2/serve/awel/flows'], ['PUT', '/prompt/x'],
      ['DELETE', '/x//health'], ['PATCH', '/login/'], ['OPTIONS', '/x'], ['GET', '/Health'], ['POST', '/health']
    ] as const) {
      const title = `${JSON.stringify(scopes)} ${method} ${path}`
      const { status, headers, body } = await ask(url + path, { method, headers: bearer(key) })
      t.equal(status, reaches ? 200 : 403, title)
      t.equal(seen.splice(0).length, reaches ? 1 : 0, title)
      if (reaches) continue
      t.match(body, 'insufficient_scope', title)
      t.equal(headers['www-authenticate'], 'Bearer realm="DB-GPT", error="insufficient_scope", scope="dbgpt"', title)
    }
    const answer = await exchange(port, handshake('/ws', [`authorization: Bearer ${key}`]))
    t.match(answer, reaches ? /^HTTP\/1.1 502 / : /^HTTP\/1.1 403 /, `${JSON.stringify(scopes)} WebSocket`)
    t.equal(seen.splice(0).length, reaches ? 1 : 0, `${JSON.stringify(scopes)} WebSocket`)
    t.equal((await sendForm(url, { key })).status, reaches ? 303 : 403, `${JSON.stringify(scopes)} login`)
  }
})

t.test('people are told so, by the login and by a page, and are not sent in circles', async t => {
  const { url, store } = await startRecordedGateway(t, { maxAttempts: 1 })
  await store.add(createApiKey({ key: OTHER_KEY, name: 'elsewhere', scopes: ['other'] }))
  for (let time = 0; time < 3; time++) {
    t.match(await sendForm(url, { key: OTHER_KEY }), { status: 403, headers: { 'set-cookie': undefined }, body: /role="alert"[^]*not for DB-GPT/ })
    const page = await ask(`${url}/flows`, { headers: { ...bearer(OTHER_KEY), ...PERSON } })
    t.match(page, { status: 403, headers: { 'content-type': /html/ }, body: /not for[^]*href="\/login">Log in with another key/ }, 'it is no guess')
  }
  const chinese = await ask(`${url}/flows`, { headers: { ...bearer(OTHER_KEY), ...PERSON, 'accept-language': 'zh' } })
  t.match(chinese.body, /不能用于[^]*使用其他密钥登录/)
})

t.test('a key that loses the scope loses what it has open, and its session waits for the scope to come back', async t => {
  const { url, store, open, stream, socket } = await startStreams(t)
  await store.add(createApiKey({ key: OTHER_KEY, name: 'alice', scopes: ['dbgpt'] }))
  const cookie = await logIn(url, OTHER_KEY)
  const isOver = await stream('/stream/alice', { cookie })
  await stream('/stream/else', bearer(KEY))
  await socket('/ws/alice', bearer(OTHER_KEY))

  await store.update(id, { name: 'Alice' })
  await store.update(id, { scopes: ['other'] })
  await until(() => isOver() && !open.has('/ws/alice'))
  t.same([...open], ['/stream/else'])
  t.equal((await ask(`${url}/x`, { headers: { cookie } })).status, 403)
  t.equal((await ask(`${url}/x`, { headers: { cookie, ...PERSON } })).status, 403)
  t.match(await ask(`${url}/login`, { headers: { cookie } }), { status: 200, body: /role="alert"[^]*not for DB-GPT[^]*name="key"/ }, 'and is no login')
  await store.update(id, { scopes: undefined })
  t.equal((await ask(`${url}/x`, { headers: { cookie } })).status, 200)
})
