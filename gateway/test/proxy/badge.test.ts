import { once } from 'node:events'
import http from 'node:http'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { createApiKey } from 'fastify-dbgpt-auth'
import { bearer, KEY, OTHER_KEY } from '../../../test/support/app.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { ask, logIn } from '../support/gateway-client.ts'
import { startServer } from '../support/upstream.ts'
import { until } from '../../../test/support/until.ts'

const PAGE = '<!doctype html><html><body><p>page</p></body></html>'
const HTML = { 'content-type': 'text/html; charset=utf-8' }
const NAVIGATE = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
/** The name of the key of the tests, in ASCII. */
const NAME = 'Zh&#257;ng &#19977;'

t.test('a page gets a way to log out at its end, in whatever language, under whatever encoding', async t => {
  const seen: http.IncomingHttpHeaders[] = []
  const { url, cookie } = await startPages(t, (request, response) => {
    seen.push(request.headers)
    response.writeHead(request.url === '/404' ? 404 : 200, {
      'content-type': request.url === '/bare' ? 'text/html' : 'text/html; charset=gb18030', 'content-length': PAGE.length, etag: '"x"', 'last-modified': 'then'
    }).end(PAGE)
  })
  for (const [path, headers, label] of [
    ['/', NAVIGATE, 'log out'], ['/bare', { accept: 'text/html', 'accept-language': 'de, zh;q=0.5' }, '&#36864;&#20986;&#30331;&#24405;'], ['/404', NAVIGATE, 'log out']
  ] as const) {
    const answer = await ask(url + path, { headers: { cookie, 'accept-encoding': 'gzip, br', ...headers } })
    t.equal(answer.status, path === '/404' ? 404 : 200)
    t.equal(answer.body, `${PAGE}\n<link rel="stylesheet" href="/login/badge.css"><a id="dbgpt-gateway-badge" href="/login" title="${NAME}" hidden>` +
      `${label} (<bdi>${NAME}</bdi>)</a><script src="/login/badge.js" async></script>\n`)
    t.match(answer.headers, { 'content-length': undefined, etag: undefined, 'last-modified': undefined, 'cache-control': 'no-store' }, path)
  }
  t.match(seen, [{ 'accept-encoding': 'identity' }, { 'accept-encoding': 'identity' }, { 'accept-encoding': 'identity' }])
  const head = await ask(`${url}/`, { method: 'HEAD', headers: { cookie, ...NAVIGATE } })
  t.match(head, { status: 200, body: '', headers: { 'content-length': undefined } }, 'HEAD says of no length that GET has not')
})

t.test('a name cannot get out of it', async t => {
  const { url, store } = await startPages(t, (_request, response) => { response.writeHead(200, HTML).end(PAGE) })
  await store.add(createApiKey({ key: OTHER_KEY, name: '"><script>alert(\'&\')</script> \ud83d\ude00\ud83d' }))
  const { body } = await ask(`${url}/`, { headers: { cookie: await logIn(url, OTHER_KEY), ...NAVIGATE } })
  t.same(body.match(/<script[^>]*>|alert\('/g), ['<script src="/login/badge.js" async>'])
  t.match(body, '(<bdi>&#34;&#62;&#60;script&#62;alert(&#39;&#38;&#39;)&#60;/script&#62; &#128512;&#55357;</bdi>)')
  const nameless = `${KEY}_nameless`
  await store.add(createApiKey(nameless))
  t.match((await ask(`${url}/`, { headers: { cookie: await logIn(url, nameless), ...NAVIGATE } })).body, `<bdi>${createApiKey(nameless).id}</bdi>`)
})

t.test('what is no page, or nobody\'s, stays as it is', async t => {
  const zipped = gzipSync(PAGE)
  const answers: Record<string, [number, http.OutgoingHttpHeaders, string | Buffer]> = {
    '/page': [200, HTML, PAGE],
    '/json': [200, { 'content-type': 'application/json' }, '{}'],
    '/none': [200, {}, PAGE],
    '/xhtml': [200, { 'content-type': 'application/xhtml+xml' }, PAGE],
    '/utf-16': [200, { 'content-type': 'text/html; charset=UTF-16LE' }, PAGE],
    '/zipped': [200, { ...HTML, 'content-encoding': 'gzip' }, zipped],
    '/download': [200, { ...HTML, 'content-disposition': 'Attachment; filename="a.html"' }, PAGE],
    '/part': [206, { ...HTML, 'content-range': 'bytes 0-1/9' }, PAGE]
  }
  const listener: http.RequestListener = (request, response) => {
    const [status, headers, body] = answers[request.url ?? ''] ?? [404, {}, '']
    response.writeHead(status, { etag: '"x"', ...headers }).end(body)
  }
  const pages = await startPages(t, listener)
  const { url, cookie } = pages
  const off = await startPages(t, listener, { settings: { GATEWAY_BADGE: 'off' } })
  for (const [title, address, headers] of [
    ...Object.keys(answers).filter(path => path !== '/page').map(path => [path, url + path, { cookie, ...NAVIGATE }] as const),
    ['a frame', `${url}/page`, { cookie, ...NAVIGATE, 'sec-fetch-dest': 'iframe' }],
    ['an API call', `${url}/page`, { cookie, 'sec-fetch-mode': 'cors', accept: 'text/html' }],
    ['a program', `${url}/page`, { ...bearer(), ...NAVIGATE }],
    ['a program with a cookie', `${url}/page`, { ...bearer(), cookie, ...NAVIGATE }],
    ['GATEWAY_BADGE=off', `${off.url}/page`, { cookie: off.cookie, ...NAVIGATE }]
  ] as const) {
    const answer = await ask(address, { headers })
    const expected = answers[new URL(address).pathname]?.[2]
    t.equal(answer.body, expected === zipped ? zipped.toString() : expected, title)
    t.equal(answer.headers.etag, '"x"', title)
  }
})

t.test('a page streams, and one that breaks off gets nothing', async t => {
  let open: http.ServerResponse | undefined
  const { url, cookie } = await startPages(t, (_request, response) => {
    open = response
    response.writeHead(200, HTML).write('<p>one')
  })
  for (const isWhole of [true, false]) {
    const [response] = await once(http.get(`${url}/`, { headers: { cookie, ...NAVIGATE }, agent: false }), 'response') as [http.IncomingMessage]
    response.on('error', () => {})
    let body = ''
    response.setEncoding('utf8').on('data', chunk => { body += chunk })
    await until(() => body === '<p>one')
    if (isWhole) open?.end('<p>two')
    else open?.destroy()
    await until(() => response.closed)
    t.equal(response.complete, isWhole)
    if (isWhole) t.match(body, /^<p>one<p>two\n<link [^]*<\/a><script [^]*<\/script>\n$/)
    else t.equal(body, '<p>one')
  }
})

t.test('its style sheet and its script are files of this host, for anybody', async t => {
  const { url } = await startGateway(t)
  t.match(await ask(`${url}/login/badge.css`), {
    status: 200, headers: { 'content-type': 'text/css; charset=utf-8', 'x-content-type-options': 'nosniff' }, body: /^#dbgpt-gateway-badge \{/
  })
  t.match(await ask(`${url}/login/badge.js`), {
    status: 200, headers: { 'content-type': 'text/javascript; charset=utf-8', 'x-content-type-options': 'nosniff' }, body: /dbgpt-language=/
  })
})

async function startPages (
  t: Parameters<typeof startGateway>[0], listener: http.RequestListener, options: Parameters<typeof startGateway>[1] = {}
): Promise<Gateway & { cookie: string }> {
  const { upstream } = await startServer(t, listener)
  const gateway = await startGateway(t, { ...options, upstream })
  return { ...gateway, cookie: await logIn(gateway.url) }
}
