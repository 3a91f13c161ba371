import net from 'node:net'
import t from 'tap'
import { bearer, KEY } from '../../support/app.ts'
import { ask } from '../../support/gateway-client.ts'
import { startRecordedGateway } from '../../support/recorder.ts'
import { provoke } from '../../support/socket.ts'

t.test('no request hides in another', async t => {
  const { port, seen } = await startRecordedGateway(t)
  const hidden = 'GET /hidden HTTP/1.1\r\nhost: a\r\n\r\n'
  const head = `host: a\r\nauthorization: Bearer ${KEY}\r\nconnection: close\r\n`
  for (const [title, bytes] of Object.entries({
    'Content-Length and Transfer-Encoding': `POST /a HTTP/1.1\r\n${head}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    'two lengths': `POST /a HTTP/1.1\r\n${head}content-length: 0\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`,
    'two lengths in one': `POST /a HTTP/1.1\r\n${head}content-length: 0, ${hidden.length}\r\n\r\n${hidden}`,
    'a length with a sign': `POST /a HTTP/1.1\r\n${head}content-length: +0\r\n\r\n${hidden}`,
    'a coding that is none': `POST /a HTTP/1.1\r\n${head}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
    'chunked, and then another': `POST /a HTTP/1.1\r\n${head}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`,
    'a blank before the colon': `POST /a HTTP/1.1\r\n${head}transfer-encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
    'a folded line': `POST /a HTTP/1.1\r\n${head}transfer-encoding:\r\n chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n${hidden}`,
    'a GET with a body': `GET /a HTTP/1.1\r\n${head}content-length: ${hidden.length}\r\n\r\n${hidden}`,
    'a chunk that lies': `POST /a HTTP/1.1\r\n${head}transfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n${hidden}`,
    'bare line feeds': `GET /a HTTP/1.1\nhost: a\nauthorization: Bearer ${KEY}\n\n${hidden}`,
    'a NUL in a header': `GET /a HTTP/1.1\r\n${head}x-a: b\0c\r\n\r\n`,
    'a carriage return in a header': `GET /a HTTP/1.1\r\n${head}x-a: b\rx-dbgpt-key-id: forged\r\n\r\n`,
    'no host': 'GET /a HTTP/1.1\r\nconnection: close\r\n\r\n',
    'two hosts': `GET /a HTTP/1.1\r\n${head}host: b\r\n\r\n`,
    'a body behind an upgrade': `GET /a HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nauthorization: Bearer ${KEY}\r\n\r\n${hidden}`,
    'an upgrade to nothing': `GET /a HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n${hidden}`
  })) {
    seen.length = 0
    const answer = await provoke(port, bytes)
    t.match(answer, /^HTTP\/1\.1 [2345]/, title)
    t.notMatch(answer, /^HTTP\/1\.1 5/, title)
    t.same(seen.filter(({ url, body, raw }) => url !== '/a' || raw.includes('forged') || body.includes('hidden')), [], title)
  }
})

t.test('a connection ends when its client says so', async t => {
  const { port } = await startRecordedGateway(t)
  for (const head of ['GET /v1/models HTTP/1.1\r\nconnection: close', 'GET /v1/models HTTP/1.0']) {
    const answer = await provoke(port, `${head}\r\nhost: a\r\nauthorization: Bearer ${KEY}\r\n\r\n`)
    t.match(answer, /^connection: close\r$/im, head)
  }
})

t.test('nothing that is too large ends the process', async t => {
  const { port, url, app, seen } = await startRecordedGateway(t)
  for (const [title, headers, expected] of [
    ['a cookie', `cookie: dbgpt-session=${'a'.repeat(20_000)}\r\n`, /^HTTP\/1\.1 431/],
    ['a header', `x-a: ${'a'.repeat(20_000)}\r\n`, /^HTTP\/1\.1 431/],
    ['a token', `authorization: Bearer ${'a'.repeat(10_000)}\r\n`, /^HTTP\/1\.1 401/],
    ['a cookie that just fits', `cookie: dbgpt-session=${'a'.repeat(15_000)}\r\n`, /^HTTP\/1\.1 401/],
    ['a thousand cookies', `cookie: ${'a=b; '.repeat(2500)}\r\n`, /^HTTP\/1\.1 401/],
    ['a thousand headers', 'x-a: b\r\n'.repeat(1500), /^HTTP\/1\.1 4(01|31)/] // Node 24 counts more of each header
  ] as const) {
    t.match(await provoke(port, `GET /v1/models HTTP/1.1\r\nhost: a\r\n${headers}connection: close\r\n\r\n`), expected, title)
  }
  t.match(await provoke(port, `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nhost: a\r\n\r\n`), /^HTTP\/1\.1 431/)
  t.match(await provoke(port, `GET /${'a'.repeat(15_000)} HTTP/1.1\r\nhost: a\r\naccept: text/html\r\nconnection: close\r\n\r\n`), /^HTTP\/1\.1 302/)
  t.match(await provoke(port, '\0\xff\x16\x03\x01 not HTTP at all\r\n\r\n'), /^HTTP\/1\.1 400/)
  t.same(seen, [])
  t.equal((await ask(`${url}/health`)).status, 200)
  t.ok(app.server.listening)
})

t.test('headers that never end are not waited for, and uploads are', async t => {
  const { app, port, url } = await startRecordedGateway(t)
  t.ok(app.server.headersTimeout > 0 && app.server.headersTimeout <= 60_000, String(app.server.headersTimeout))
  t.ok(app.server.requestTimeout > app.server.headersTimeout)
  t.ok(app.server.keepAliveTimeout > 0)
  // Many that are slow keep nobody from being served.
  const slow = Array.from({ length: 200 }, () => net.connect(port, '127.0.0.1'))
  for (const socket of slow) socket.on('error', () => {}).write('GET /v1/models HTTP/1.1\r\nhost: a\r\nx-a: ')
  t.equal((await ask(`${url}/v1/models`, { headers: bearer() })).status, 200)
  for (const socket of slow) socket.destroy()
})
