import type { AddressInfo } from 'node:net'
import t from 'tap'
import { answerHeaders } from '../../lib/proxy/upstream-answer.ts'
import { bearer } from '../../../test/support/app.ts'
import { askWithKey as ask, logIn } from '../support/gateway-client.ts'
import { startGateway } from '../support/gateway.ts'
import { keepLog } from '../../../test/support/log-lines.ts'
import { exchange } from '../../../test/support/socket.ts'
import { startServer } from '../support/upstream.ts'
import { handshake } from '../support/websocket.ts'

t.test('a redirect of DB-GPT to itself stays with the gateway', async t => {
  const { upstream } = await startServer(t, (request, response) => {
    // As Starlette does for a slash too few, of the Host that it is asked for.
    response.writeHead(307, { location: `http://${request.headers.host}${request.url?.replace('?', '/?')}` }).end()
  })
  const { url } = await startGateway(t, { upstream })
  t.match(await ask(`${url}/construct/app?a=%2F`), { status: 307, headers: { location: '/construct/app/?a=%2F' } })
  const { headers: { location = '' } } = await ask(`${url}//evil.example/x?a`)
  t.equal(new URL(location, url).origin, url, 'and leads nowhere else')
})

t.test('a location of DB-GPT\'s own becomes a path, and any other is left alone', async t => {
  for (const [location, expected] of [
    ['http://127.0.0.1:5670/a/b/?c=d#e', '/a/b/?c=d#e'],
    ['https://127.0.0.1:5670/a', '/a'],
    ['HTTP://127.0.0.1:5670', '/'],
    ['http://127.0.0.1:5670?a', '/?a'],
    ['//127.0.0.1:5670/a', '/a'],
    ['http://127.0.0.1:5670//evil.example/', '/.//evil.example/'],
    ['http://127.0.0.1:5670/\\evil.example/', '/.//evil.example/'],
    ['http://127.0.0.1:5670\\evil.example/', '/evil.example/'],
    ['http://127.0.0.1:5670.evil.example/', 'http://127.0.0.1:5670.evil.example/'],
    ['http://127.0.0.1:5670@evil.example/', 'http://127.0.0.1:5670@evil.example/'],
    ['http://127.0.0.1/a', 'http://127.0.0.1/a'],
    ['/a', '/a'],
    ['../a', '../a'],
    ['https://example.com/?u=http://127.0.0.1:5670/', 'https://example.com/?u=http://127.0.0.1:5670/']
  ] as const) {
    const made = answerHeaders({ location }, 'http://127.0.0.1:5670/').location
    t.equal(made, expected, location)
    if (made !== location) t.equal(new URL(made ?? '', 'http://gateway.example/x/y').host, 'gateway.example', location)
  }
  t.equal(answerHeaders({ location: 'https://dbgpt/a' }, 'http://dbgpt').location, '/a')
})

t.test('a 401 of DB-GPT\'s own is about the gateway\'s key, not about the caller\'s', async t => {
  const { upstream, server } = await startServer(t, (_request, response) => {
    const headers = { 'www-authenticate': 'Bearer', 'content-type': 'text/x', 'content-encoding': 'gzip', 'x-a': 'b' }
    response.writeHead(401, headers).end('{"detail":{"error":{"code":"invalid_api_key"}}}')
  })
  server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n'))
  const TEXT = 'DB-GPT asks for a key of its own, which this gateway does not have: whoever runs it must set DBGPT_API_KEY'
  for (const [DBGPT_API_KEY, msg] of [
    ['', /^DB-GPT has answered 401: it asks for a key of its own\. Set DBGPT_API_KEY to one of its API_KEYS, or turn them off there$/],
    ['not-its-key', /^DB-GPT has answered 401 to DBGPT_API_KEY: set it to one of DB-GPT's own API_KEYS, or turn them off there$/]
  ] as const) {
    const { lines, logger } = keepLog()
    const { app, url } = await startGateway(t, { upstream, logger, settings: { DBGPT_API_KEY } })
    const cookie = await logIn(url)
    const openai = await ask(`${url}/v1/models`)
    t.match(openai, { status: 502, headers: { 'content-type': 'application/json' } })
    t.same(JSON.parse(openai.body), { error: { message: TEXT, type: 'server_error', param: null, code: 'upstream_unauthorized' } })
    for (const name of ['www-authenticate', 'content-encoding', 'x-a']) t.equal(openai.headers[name], undefined, name)
    const page = await ask(`${url}/api/v2/serve/awel/flows`, { headers: { cookie } })
    t.equal(page.status, 502)
    t.same(JSON.parse(page.body), { success: false, err_code: '502', err_msg: TEXT, data: null })
    t.match(await ask(`${url}/flows`, { headers: { ...bearer(), accept: 'text/html' } }), { status: 502, body: /its <span[^>]*>DBGPT_API_KEY|DBGPT_API_KEY is missing or wrong/ })
    t.match(await exchange((app.server.address() as AddressInfo).port, handshake('/queue')), /^HTTP\/1\.1 502 [^]*upstream_unauthorized/)
    t.match(lines.filter(({ level }) => level === 50), Array(4).fill({ msg }))
    t.notMatch(JSON.stringify(lines), 'not-its-key')
    t.equal((await ask(`${url}/v1/models`, { headers: { cookie } })).status, 502, 'the session lives')
  }
})
