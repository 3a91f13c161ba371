import { once } from 'node:events'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { WebSocket } from 'ws'
import { createApiKey } from 'fastify-dbgpt-auth'
import { bearer, KEY } from '../../../test/support/app.ts'
import { keepLog } from '../../../test/support/log-lines.ts'
import { ask, logIn } from '../support/gateway-client.ts'
import { MEGABYTE } from '../support/memory.ts'
import { startRecordedGateway } from '../support/recorder.ts'
import { exchange, KeptConnection, provoke } from '../../../test/support/socket.ts'
import { until } from '../../../test/support/until.ts'

// The key's own name is none that DB-GPT takes.
const USER = createApiKey(KEY).id
const CHAT = '/api/v2/chat/completions'
const JSON_TYPE = { 'content-type': 'application/json' }

t.test('no spelling of the header gets past', async t => {
  const { url, port, seen } = await startRecordedGateway(t)
  const cookie = await logIn(url)
  const says = (title: string): void => {
    const { raw = [], headers = {} } = seen.at(-1) ?? {}
    t.notMatch(raw, /mallory/, title)
    t.same(raw.filter((_, i) => i % 2 === 0 && /^user.id$/i.test(raw[i] as string)).length, 1, title)
    t.equal(headers['user-id'], USER, title)
    seen.length = 0
  }
  for (const name of ['user-id', 'User-Id', 'USER-ID', 'user_id', 'USER_ID']) {
    for (const value of ['mallory', '', ['mallory', 'mallory2']]) {
      for (const own of [bearer(), { cookie }]) {
        await ask(`${url}/api/v1/agent/files`, { headers: { ...own, [name]: value } })
        says(`${name}: ${value} with ${Object.keys(own).join()}`)
      }
    }
  }
  await ask(`${url}/any/page`, { headers: { ...bearer(), connection: 'user-id', 'user-id': 'mallory' } })
  says('Connection: user-id')
  for (const [title, lines] of [
    ['two spellings', 'user-id: mallory\r\nUSER_ID: mallory\r\nUser-ID: mallory\r\n'], ['a blank one first', 'user-id:\r\nuser-id: mallory\r\n']
  ] as const) {
    await provoke(port, `GET /x HTTP/1.1\r\nhost: a\r\n${lines}authorization: Bearer ${KEY}\r\nconnection: close\r\n\r\n`)
    says(title)
  }
  await provoke(port, `GET /x HTTP/1.0\r\nuser-id: mallory\r\nauthorization: Bearer ${KEY}\r\n\r\n`)
  says('HTTP/1.0')
  for (const line of ['user-id : mallory', 'user-id\t: mallory', ' user-id: mallory', 'user-id:\r mallory', 'x: y\nuser-id: mallory']) {
    await provoke(port, `GET /x HTTP/1.1\r\nhost: a\r\n${line}\r\nauthorization: Bearer ${KEY}\r\nconnection: close\r\n\r\n`)
    if (seen.length > 0) says(line)
  }
})

t.test('a WebSocket says who calls, in its header and in its query', async t => {
  const { url, seen } = await startRecordedGateway(t)
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/chat/dialogue/list?user%5Fname=mallory`, {
    headers: { ...bearer(), 'user-id': 'mallory', User_Id: 'mallory' }
  })
  socket.on('error', () => {})
  // The stand-in takes no WebSockets.
  await new Promise(resolve => socket.once('close', resolve))
  await until(() => seen.length > 0)
  t.match(seen, [{ url: `/api/v1/chat/dialogue/list?user_name=${USER}`, headers: { 'user-id': USER } }])
  t.notMatch(JSON.stringify(seen), /mallory/)
})

t.test('no spelling of the query or of the path gets past', async t => {
  const { port, seen } = await startRecordedGateway(t)
  for (const path of [
    '/api/v1/chat/dialogue/list', '/api/v1/chat/dialogue/list/', '/api/v1/chat/dialogue/lis%74', '/api%2Fv1/chat/dialogue/list',
    '/api/v1/./chat/dialogue/list', '/api/v1/chat/dialogue/list#', '/api/v1\\chat/dialogue/list'
  ]) {
    for (const query of ['', '?', '?user_name=mallory', '?user_name=mallory&user_name=mallory', '?%75ser_name=mallory', '?user_id=mallory#', '?#&user_name=mallory']) {
      seen.length = 0
      await provoke(port, `GET ${path}${query} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${KEY}\r\nconnection: close\r\n\r\n`)
      for (const { url } of seen) {
        t.match(url.split('?')[1], new RegExp(`^user_name=${USER}`), path + query)
        t.notMatch(url, /mallory/, path + query)
      }
      t.equal(seen.length, 1, path + query)
    }
  }
  for (const path of ['/api/v1/x/../chat/dialogue/list', '//api/v1/chat/dialogue/list', '/api/v1/x/%2e%2e/chat/dialogue/list', '/api/v1/%zz/list']) {
    seen.length = 0
    t.match(await provoke(port, `GET ${path}?user_name=mallory HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${KEY}\r\nconnection: close\r\n\r\n`), /^HTTP\/1\.1 400/)
    t.same(seen, [], `${path} goes nowhere`)
  }
})

t.test('no spelling of the body gets past', async t => {
  const { url, seen } = await startRecordedGateway(t)
  const said = `{"user_name":"${USER}"}`
  for (const type of [
    undefined, 'application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="utf-16"', 'application/problem+json', 'text/plain',
    'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded', 'x/y'
  ]) {
    for (const body of ['{"user_name":"mallory"}', '{"user_name":"\\u006dallory"}', '\ufeff{"user_name":["mallory"]}']) {
      for (const coding of [{}, { 'transfer-encoding': 'chunked' }, { 'content-encoding': 'identity' }, { expect: '100-continue' }]) {
        seen.length = 0
        const headers = { ...bearer(), ...coding, ...type === undefined ? {} : { 'content-type': type } }
        const answer = await ask(url + CHAT, { method: 'POST', headers, body })
        const title = `${type} ${body} ${JSON.stringify(coding)}`
        t.equal(answer.status, 200, title)
        t.match(seen, [{ body: said, headers: { 'content-length': String(said.length), 'content-type': type ?? 'application/json' } }], title)
        t.equal(seen[0]?.headers['transfer-encoding'], undefined, title)
      }
    }
  }
  seen.length = 0
  await ask(`${url}/api/v2/serve/awel/flow/debug`, { method: 'POST', headers: { ...bearer(), ...JSON_TYPE }, body: '{"flow":{"user_name":"mallory"}}' })
  t.equal(seen[0]?.body, `{"flow":{"user_name":"${USER}"}}`)
})

t.test('what cannot be read is refused, and never arrives', async t => {
  const { url, port, seen } = await startRecordedGateway(t)
  const json = '{"user_name":"mallory"}'
  const post = async (body: string | Buffer, headers: object = {}, path = CHAT): Promise<[number, unknown]> => {
    const answer = await fetch(url + path, { method: 'POST', headers: { ...bearer(), ...JSON_TYPE, ...headers }, body, duplex: 'half' } as RequestInit)
    return [answer.status, ((await answer.json()) as { err_msg?: string }).err_msg]
  }
  t.strictSame(await post(gzipSync(json), { 'content-encoding': 'gzip' }), [
    415, 'The body of this route says who calls, so the gateway reads it: it must not be compressed'
  ])
  for (const body of [
    'user_name=mallory', '{', '{"user_name":"mallory"} x', "{'user_name':'mallory'}", '{"a":NaN,"user_name":"mallory"}', '{"user_name":"mallory\xff'.slice(0, -1),
    Buffer.from(json, 'utf16le'), Buffer.from(`\ufeff${json}`, 'utf16le'), Buffer.from('{"user_name":"mallory\xff"}', 'latin1'), gzipSync(json)
  ]) {
    t.strictSame(await post(body), [400, 'The body of this route says who calls, so the gateway reads it: it must be JSON in UTF-8'], String(body).replace(/[^ -~]/g, '?'))
  }
  const large = `{"a":"${'x'.repeat(MEGABYTE)}","user_name":"mallory"}`
  t.strictSame(await post(large), [413, 'The body of this route says who calls, so the gateway reads it: it may have 1 MiB at most'])
  t.same(seen, [])

  t.test('a chunked one as soon as it is too large, with what follows it', async t => {
    const head = `POST ${CHAT} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${KEY}\r\n`
    const chunk = `100001\r\n${'x'.repeat(MEGABYTE + 1)}\r\n`
    const answer = await exchange(port, `${head}transfer-encoding: chunked\r\n\r\n${chunk}`)
    t.match(answer, /^HTTP\/1\.1 413 [^]*connection: close\r\n/i)
    const followed = await provoke(port, `${head}content-length: ${2 * MEGABYTE}\r\n\r\nGET /next HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${KEY}\r\n\r\n`)
    t.match(followed, /^HTTP\/1\.1 413 /)
    t.notMatch(followed, /200 OK/)
    t.same(seen, [])
  })

  t.test('and the connection goes on after one that was read', async t => {
    const connection = new KeptConnection(port)
    t.teardown(() => connection.socket.destroy())
    const send = async (body: string): Promise<string> => await connection.ask(
      `POST ${CHAT} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${KEY}\r\ncontent-length: ${body.length}\r\n\r\n${body}`
    )
    t.match(await send('nonsense'), /^HTTP\/1\.1 400 /)
    t.match(await send(json), /^HTTP\/1\.1 200 /)
    t.match(seen, [{ body: `{"user_name":"${USER}"}` }])
    seen.length = 0
  })

  t.test('one that is cut off is nobody\'s', async t => {
    const socket = new KeptConnection(port).socket
    socket.write(`POST ${CHAT} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${KEY}\r\ncontent-length: 99\r\n\r\n${json}`)
    socket.end()
    await once(socket, 'close')
    t.same(seen, [])
  })
})

t.test('other bodies stream, whatever is in them', async t => {
  const { url, seen } = await startRecordedGateway(t)
  const large = `{"user_name":"bob","a":"${'x'.repeat(2 * MEGABYTE)}"}`
  for (const [path, type, body] of [
    ['/api/v1/resource/file/upload', 'multipart/form-data; boundary=x', '--x\r\ncontent-disposition: form-data; name="user_name"\r\n\r\nbob\r\n--x--'],
    ['/api/v2/serve/awel/flow/import', 'application/zip', 'zip'],
    ['/api/v2/serve/datasources', 'application/json', '{"type":"mysql","params":{"user":"root"},"user_name":"bob"}'],
    ['/api/v1/awel/trigger/mine', 'application/octet-stream', '{"user_name":"bob"}'],
    ['/api/v1/knowledge/a/document/upload', 'application/json', large],
    ['/api/v1/knowledge/a/document/upload', 'text/plain', large]
  ] as const) {
    seen.length = 0
    t.equal((await ask(url + path, { method: 'POST', headers: { ...bearer(), 'content-type': type }, body })).status, 200, path)
    t.ok(seen[0]?.body === body, path)
    t.equal(seen[0]?.headers['content-type'], type, path)
  }
  for (const method of ['POST', 'DELETE']) {
    t.equal((await ask(`${url}/api/v2/serve/apps/1?user_code=bob`, { method, headers: { ...bearer(), ...JSON_TYPE } })).status, 200, 'no body at all')
  }
  t.match(seen.slice(-2), [{ body: '' }, { body: '', url: `/api/v2/serve/apps/1?user_code=${USER}` }])
})

t.test('a key whose metadata names no user of DB-GPT is told of once', async t => {
  const { lines, logger } = keepLog()
  const { url, store, seen } = await startRecordedGateway(t, { logger })
  const key = `${KEY}_misnamed`
  await store.add(createApiKey({ key, name: 'bob', metadata: { user: 'Bob Jr.' } }))
  const { id } = createApiKey(key)
  for (let i = 0; i < 3; i++) await ask(`${url}/x`, { headers: bearer(key) })
  t.match(seen, [{ headers: { 'user-id': id } }, { headers: { 'user-id': id } }, { headers: { 'user-id': id } }])
  t.match(lines.filter(line => JSON.stringify(line).includes('metadata.user')), [{ level: 40, keyId: id }])
})
