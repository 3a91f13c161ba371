import t from 'tap'
import { Asker } from '../../../lib/doctor/client/asker.ts'
import { compareByProxy } from '../../../lib/doctor/client/by-proxy.ts'
import { type EnvironmentProxy, proxyFor } from '../../../lib/doctor/client/environment-proxy.ts'
import { startAnswering } from '../../support/answering-server.ts'
import { KEY, MARKER, WRONG_KEY } from '../../support/app.ts'
import { Certificates } from '../../support/certificates.ts'
import { assertHarmless, codesOf, examine, hasKey, startGuarded, startWatched } from '../../support/examine-url.ts'
import { startForwardProxy } from '../../support/forward-proxy.ts'
import { readFile } from 'node:fs/promises'

const JSON_TYPE = { 'content-type': 'application/json' }
const GOOD = { status: 200, headers: {}, body: '', end: 'whole', address: '' } as const

t.test('the proxy of the environment is asked once, and what it changes is found', async t => {
  const api = await startGuarded(t)
  const url = `${api.url}/v1/models`
  const cases = [
    ['lets all pass', {}, undefined],
    ['drops the key', { drops: ['authorization'] }, 'env_proxy_drops_key'],
    ['refuses', { status: 403 }, 'env_proxy_breaks'],
    ['asks for a password', { credentials: 'user:other' }, 'env_proxy_login'],
    ['is given its password', { credentials: 'user:p@ss' }, undefined]
  ] as const
  for (const [name, options, code] of cases) {
    const proxy = await startForwardProxy(t, options)
    api.seen.length = 0
    const named = proxy.url.replace('//', '//user:p%40ss@')
    t.equal(codesOf(await examine({ url, key: KEY, env: { http_proxy: named } }))[0], code, name)
    t.equal(proxy.seen.length, 1, name)
    assertHarmless(t, name, api.seen)
    t.same(await examine({ url, key: KEY, env: { HTTP_PROXY: named, NO_PROXY: 'localhost, 127.0.0.1' } }).then(codesOf), [], name)
    t.equal(proxy.seen.length, 1, `${name}, but not for this host`)
  }
  const env = (ALL_PROXY: string): { readonly env: Record<string, string> } => ({ env: { ALL_PROXY } })
  t.same(codesOf(await examine({ url, key: KEY, ...env('127.0.0.1:1') })), ['env_proxy_unreachable'])
  t.same(codesOf(await examine({ url, key: KEY, ...env('socks5://127.0.0.1:1') })), [])
  const broken = await startAnswering(t, (socket, text) => { if (text !== '') socket.destroy() })
  t.same(codesOf(await examine({ url, key: KEY, ...env(`http://127.0.0.1:${broken}`) })), ['env_proxy_breaks'])
  t.same(codesOf(await examine({ url, ...env('127.0.0.1:1') })), ['key_not_given', 'env_proxy_unreachable'], 'without a key')
})

t.test('where only the proxy leads to a server, all is asked by way of it', async t => {
  const api = await startGuarded(t)
  const proxy = await startForwardProxy(t, { hosts: { 'inside.invalid': api.port, '255.255.255.255': api.port } })
  const env = { http_proxy: proxy.url }
  t.same(codesOf(await examine({ url: 'http://inside.invalid/v1/models', key: KEY, env })), ['env_proxy_only'])
  t.same(codesOf(await examine({ url: 'http://inside.invalid/v1/models', key: WRONG_KEY, env })), ['key_unknown', 'env_proxy_only'])
  t.same(codesOf(await examine({ url: 'http://255.255.255.255/v1/models', key: KEY, env, timeoutMs: 300 })), ['env_proxy_only', 'plain_http'], 'in clear text')
  const [dns, proxyToo] = codesOf(await examine({ url: 'http://inside.invalid/', env: { http_proxy: '127.0.0.1:1' } }))
  t.match(dns, /^dns_/)
  t.equal(proxyToo, 'env_proxy_unreachable')
})

t.test('of what is asked by TLS, a proxy sees where to, and no key', async t => {
  const certificates = await Certificates.make(t)
  const { cert, key } = await certificates.filesFor('server', 'IP:127.0.0.1')
  const server = await startWatched(t, (_request, response) => response.writeHead(200, JSON_TYPE).end('{}'), {
    cert: await readFile(cert), key: await readFile(key)
  })
  const url = server.url.replace('127.0.0.1', 'inside.invalid')
  const cases = [
    ['lets it pass', { hosts: { 'inside.invalid': server.port } }, 'tls_unknown_ca'],
    ['refuses it', { status: 403 }, 'env_proxy_refuses'],
    ['asks for a password', { status: 407 }, 'env_proxy_login'],
    ['cannot reach it', {}, 'env_proxy_unreachable']
  ] as const
  for (const [name, options, code] of cases) {
    const proxy = await startForwardProxy(t, options)
    const codes = codesOf(await examine({ url, key: KEY, env: { HTTPS_PROXY: proxy.url } }))
    t.ok(codes.includes(code), `${name}: ${codes.join()}`)
    t.match(proxy.seen[0]?.line, /^CONNECT inside\.invalid:\d+$/, name)
    t.notOk(proxy.seen.some(({ line, headers }) => hasKey({ method: '', url: line, headers })), name)
  }
  for (const answer of ['HTTP/1.1 403 No\r\n\r\n', '']) {
    const port = await startAnswering(t, (socket, text) => { if (text !== '') socket.end(answer) })
    t.ok(codesOf(await examine({ url, key: KEY, env: { HTTPS_PROXY: `http://127.0.0.1:${port}` } })).some(code => code.startsWith('env_proxy_')), answer)
  }
  const plain = await startForwardProxy(t, { status: 403 })
  t.ok(codesOf(await examine({ url: 'https://inside.invalid/', env: { HTTPS_PROXY: plain.url } })).includes('env_proxy_refuses'))
  t.equal(plain.seen[0]?.line, 'CONNECT inside.invalid:443')
  const hangs = await startAnswering(t, () => {})
  t.ok(codesOf(await examine({ url, env: { HTTPS_PROXY: `127.0.0.1:${hangs}` }, timeoutMs: 300 })).includes('env_proxy_unreachable'))
})

t.test('a proxy that answers TLS in place of a server is told from the server', async t => {
  const certificates = await Certificates.make(t)
  const { cert, key } = await certificates.filesFor('other', 'IP:127.0.0.1')
  const options = { cert: await readFile(cert), key: await readFile(key) }
  const inspects = await startWatched(t, (_request, response) => response.end(), options)
  const proxy = await startForwardProxy(t, { hosts: { 'inside.invalid': inspects.port, '127.0.0.1': inspects.port } })
  const url = new URL('https://127.0.0.1:1')
  const way = proxyFor(url, { https_proxy: proxy.url }) as EnvironmentProxy
  const found = await compareByProxy(new Asker(url, 2000), way, { path: '/', headers: {}, answer: GOOD, bare: GOOD })
  t.match(found, { code: 'env_proxy_certificate', params: { variable: 'https_proxy' } })
  t.same(inspects.seen, [], 'nothing is asked of it')
})

t.test('a proxy that asks for a password is named where it alone leads to a server', async t => {
  const proxy = await startForwardProxy(t, { status: 407 })
  t.same(codesOf(await examine({ url: 'http://inside.invalid/v1/models', key: KEY, env: { http_proxy: proxy.url } })), ['env_proxy_login'])
})

t.test('the environment names a proxy as it does for curl', async t => {
  const of = (url: string, env: Record<string, string>): string | undefined => proxyFor(new URL(url), env)?.variable
  const both = { HTTP_PROXY: 'http://a:1', https_proxy: 'http://b:2', ALL_PROXY: 'http://c:3' }
  t.equal(of('http://h', both), 'HTTP_PROXY')
  t.equal(of('https://h', both), 'https_proxy')
  t.equal(of('https://h', { ALL_PROXY: 'x', http_proxy: 'y', https_proxy: ' ' }), 'ALL_PROXY')
  t.equal(of('http://h', {}), undefined)
  const excluded = [
    ['http://h', '*'], ['http://h.example', '.example'], ['http://a.h.example', 'h.example'], ['http://h.example', '*.example'],
    ['http://10.1.2.3', '10.0.0.0/8'], ['http://[fd00::1]', 'fd00::/8'], ['http://[::1]:8', '[::1]:8'], ['http://H:80', 'x h:80'], ['http://[::1]', '::1'], ['https://h', 'h:443']
  ] as const
  for (const [url, NO_PROXY] of excluded) t.equal(of(url, { ...both, NO_PROXY }), undefined, NO_PROXY)
  const included = [
    ['http://h', 'x'], ['http://ah.example', 'h.example'], ['http://10.1.2.3', '11.0.0.0/8'], ['http://10.1.2.3', '10.0.0.0/x'], ['http://10.1.2.3', '10.0.0.0/99'],
    ['http://h', '10.0.0.0/8'], ['http://h:81', 'h:80'], ['http://1.10.0.1', '10.0.0.1'], ['http://[::1]', '10.0.0.0/8'], ['http://h', 'x/y']
  ] as const
  for (const [url, list] of included) t.equal(of(url, { ...both, no_proxy: list }), 'HTTP_PROXY', list)
  t.equal(proxyFor(new URL('http://h'), { http_proxy: 'http://' })?.url, undefined)
  t.equal(proxyFor(new URL('http://h'), { http_proxy: `u:${MARKER}@p:1` })?.url?.hostname, 'p')
})
