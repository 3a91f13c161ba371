import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import http2 from 'node:http2'
import net from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import type { Client } from '../../../lib/doctor/client/examine.ts'
import { startAnswering } from '../../support/answering-server.ts'
import { KEY } from '../../support/app.ts'
import { Certificates } from '../../support/certificates.ts'
import { assertHarmless, codesOf, examine, hasKey, listen, startWatched } from '../../support/examine-url.ts'
import { makeTemporaryFolder } from '../../support/files.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

/** Says what is first found of a port. */
async function firstOf (port: number, ask: Partial<Client> = {}, scheme = 'http'): Promise<string | undefined> {
  const [first] = codesOf(await examine({ url: `${scheme}://127.0.0.1:${port}/v1/models`, key: KEY, timeoutMs: 300, ...ask }))
  return first
}

t.test('what cannot be reached is told why', async t => {
  const gone = net.createServer()
  const port = await listen(t, gone)
  gone.close()
  await once(gone, 'close')
  t.equal(await firstOf(port), 'refused')
  const [name] = await examine({ url: 'http://nobody.invalid/', key: KEY })
  t.match(name?.code, /^dns_/)
  t.match(name?.message, 'nobody.invalid')
  t.match((await examine({ url: 'http://255.255.255.255:9/', timeoutMs: 300 }))[0]?.code, /^(unreachable|no_route|connect_timeout)$/)
})

t.test('what does not speak HTTP is named, or said to end, or to hang', async t => {
  const cases: readonly (readonly [name: string, code: string, says: string | Buffer, isFirst: boolean])[] = [
    ['SSH', 'not_http', 'SSH-2.0-OpenSSH_9.2\r\n', true],
    ['MySQL', 'not_http', Buffer.from('\x4a\0\0\0\x0a8.0.36\0'), true],
    ['a blocked MySQL', 'not_http', Buffer.from('4a0000' + '01' + 'ff', 'hex'), true],
    ['Redis', 'not_http', '-ERR wrong number of arguments for \'get\' command\r\n', false],
    ['SMTP', 'not_http', '220 mail.example ESMTP Postfix\r\n', true],
    ['FTP', 'not_http', '220 (vsFTPd 3.0.3)\r\n', true],
    ['something', 'not_http', 'hello\r\n', true],
    ['HTTP/2', 'http2_only', Buffer.from('000006040000000000000300000064', 'hex'), true],
    ['the end of HTTP/2', 'http2_only', Buffer.from('0000080700000000000000000000000001', 'hex'), true],
    ['an alert of TLS', 'https_port', Buffer.from('15030100020246', 'hex'), false],
    ['half an answer', 'answer_broken', 'HTTP/1.1 xx\r\n\r\n', false],
    ['endless headers', 'answer_broken', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`, false]
  ]
  for (const [name, code, says, isFirst] of cases) {
    const port = await startAnswering(t, (socket, text) => { if ((text === '') === isFirst) socket.end(says) })
    t.equal(await firstOf(port), code, name)
  }
  t.equal(await firstOf(await startAnswering(t, (socket, text) => { if (text !== '') socket.destroy() })), 'connection_closed')
  t.equal(await firstOf(await startAnswering(t, () => {})), 'no_answer')
  t.equal(await firstOf(await startAnswering(t, () => {}), {}, 'https'), 'no_answer')
  const postgres = await startAnswering(t, (socket, text) => {
    if (text.startsWith('\0\0\0\x08')) socket.write('N')
    else if (text !== '') socket.destroy()
  })
  const redis = await startAnswering(t, (socket, text) => {
    if (text === 'PING\r\n') socket.write('-NOAUTH Authentication required.\r\n')
    else if (text.startsWith('GET')) socket.destroy()
  })
  for (const port of [postgres, redis]) for (const scheme of ['http', 'https']) t.equal(await firstOf(port, {}, scheme), 'not_http', scheme)
  t.equal(await firstOf(await listen(t, http2.createServer())), 'http2_only')
})

t.test('answers that are not whole are told from good ones', async t => {
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'
  const cases = [
    ['answer_truncated', `${head}content-length: 99\r\n\r\n{"a":`, true],
    ['answer_truncated', `${head}transfer-encoding: chunked\r\n\r\n5\r\n{"a":\r\n`, true],
    ['answer_endless', `${head}\r\n{"a":`, false],
    ['auth_off', `${head}\r\n{"a":1}`, true],
    ['auth_off', `${head}\r\n{"a":"${'x'.repeat(70_000)}"}`, false],
    ['auth_off', 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {}\n\n', false]
  ] as const
  for (const [code, says, isOver] of cases) {
    const port = await startAnswering(t, (socket, text) => {
      if (text === '') return
      socket.write(says)
      if (isOver) socket.end()
    })
    t.equal(await firstOf(port), code, says.slice(0, 80))
  }
  const upgrade = await startAnswering(t, (socket, text) => { if (text !== '') socket.end('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n') })
  t.equal(await firstOf(upgrade), 'cannot_tell')
})

t.test('what is wrong with TLS is named, and no key is sent', async t => {
  const certificates = await Certificates.make(t)
  const folder = await makeTemporaryFolder(t)
  const run = async (args: string): Promise<unknown> => await promisify(execFile)('openssl', args.split(' '), { cwd: folder })
  await run('req -x509 -days 2 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -subj /CN=self -addext subjectAltName=IP:127.0.0.1 -keyout self.key -out self.pem')
  const ca = await readFile(certificates.ca)
  const read = async (files: { cert: string, key: string }): Promise<{ cert: Buffer, key: Buffer }> => {
    return { cert: await readFile(files.cert), key: await readFile(files.key) }
  }
  const good = await read(await certificates.filesFor('good', 'IP:127.0.0.1'))
  const self = await read({ cert: join(folder, 'self.pem'), key: join(folder, 'self.key') })
  const old = { ...good, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  const cases = [['tls_self_signed', self], ['tls_unknown_ca', good], ['tls_old_version', old]] as const
  for (const [code, options] of cases) {
    const server = await startWatched(t, (_request, response) => response.end(), options)
    t.equal(await firstOf(server.port, {}, 'https'), code)
    t.same(server.seen, [], code)
  }
  const mutual = await startWatched(t, (_request, response) => response.end(), { ...good, ca, requestCert: true, maxVersion: 'TLSv1.2' })
  t.match(await firstOf(mutual.port, {}, 'https'), /^tls_(unknown_ca|failed)$/)
  const bad = await startAnswering(t, (socket, text) => { if (text !== '') socket.end(Buffer.from('15030300020228', 'hex')) })
  t.equal(await firstOf(bad, {}, 'https'), 'tls_failed', 'an alert')
  const server = await startWatched(t, (_request, response) => response.end(), { ...good, ca })
  t.equal(await firstOf(server.port), 'https_port', 'asked without TLS')
  const plain = await startWatched(t, (_request, response) => response.end())
  t.equal(await firstOf(plain.port, {}, 'https'), 'http_port', 'asked with TLS')
  t.notOk(plain.seen.some(hasKey))
  t.equal(await firstOf(await startAnswering(t, socket => { socket.end('SSH-2.0-x\r\n') }), {}, 'https'), 'not_http')
  t.equal(await firstOf(await startAnswering(t, (socket, text) => { if (text !== '') socket.destroy() }), {}, 'https'), 'tls_failed')
})

t.test('redirects that lose a key or lead astray are named, and the key follows none to another origin', async t => {
  const other = await startWatched(t, (_request, response) => response.writeHead(200, JSON_TYPE).end('{}'))
  const cases: readonly (readonly [code: string, location: string, key?: string])[] = [
    ['redirect_other_host', `${other.url}/api`],
    ['redirect_wrong_location', `${other.url}/v1/models/`],
    ['redirect_to_https', 'https://127.0.0.1:9/v1/models'],
    ['redirect_loop', '/v1/models'],
    ['login_page', `${other.url}/oauth2/start?rd=%2F`],
    ['login_page', '/login?next=%2F'],
    ['login_page', `${other.url}/realms/r/protocol/openid-connect/auth?client_id=x`, '']
  ]
  for (const [code, location, key = KEY] of cases) {
    const server = await startWatched(t, (_request, response) => response.writeHead(302, { location }).end())
    t.equal(await firstOf(server.port, { key }), code, location)
    assertHarmless(t, location, server.seen)
    if (code === 'redirect_to_https') t.notOk(server.seen.some(hasKey))
  }
  t.same(other.seen, [], 'another origin is not asked at all')
  const endless = await startWatched(t, ({ url = '' }, response) => response.writeHead(307, { location: `${url}x` }).end())
  t.equal(await firstOf(endless.port), 'redirect_loop')
  const slash = await startWatched(t, ({ url = '', headers }, response) => {
    if (!url.endsWith('/')) response.writeHead(307, { location: `http://${String(headers.host)}${url}/` }).end()
    else response.writeHead(headers.authorization === `Bearer ${KEY}` ? 200 : 401, JSON_TYPE).end('{"data":[]}')
  })
  t.equal(await firstOf(slash.port), undefined, 'a slash that is missing')
  const program = await startWatched(t, ({ headers }, response) => {
    if (headers.authorization === undefined) response.writeHead(302, { location: `${other.url}/login` }).end()
    else response.writeHead(200, JSON_TYPE).end('{"data":[]}')
  })
  t.equal(await firstOf(program.port), undefined, 'a login that lets programs pass')
  const none = await startWatched(t, (_request, response) => response.writeHead(302).end())
  t.equal(await firstOf(none.port), 'cannot_tell', 'a redirect to nowhere')
})

t.test('an https server that sends on to http is a danger', async (t: Test) => {
  const { judgeRedirect } = await import('../../../lib/doctor/client/redirects.ts')
  const answer = { status: 307, headers: {}, body: '', end: 'whole', address: '' } as const
  const judge = (to: string): string | undefined => judgeRedirect(answer, new URL('https://a.example/x'), new URL(to), text => text)?.code
  t.equal(judge('http://a.example/x/'), 'redirect_to_http')
  t.equal(judge('http://b.example/y'), 'redirect_to_http')
  t.equal(judge('http://b.example/login'), 'login_page')
  t.equal(judge('https://a.example/y'), undefined)
})
