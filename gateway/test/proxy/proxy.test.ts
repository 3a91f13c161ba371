import type { IncomingHttpHeaders } from 'node:http'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { bearer } from '../../../test/support/app.ts'
import { askWithKey as ask, logIn } from '../support/gateway-client.ts'
import { startGateway } from '../support/gateway.ts'
import { converse } from '../../../test/support/openai.ts'
import { startServer } from '../support/upstream.ts'

t.test('hands on every method, with its path, its query and its body', async t => {
  const { upstream } = await startServer(t, async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    response.setHeader('x-seen', `${request.method} ${request.url} ${body}`.trim())
    response.end(request.method)
  })
  const { url } = await startGateway(t, { upstream })
  const path = '/api/v2/a%20b/%E4%B8%89/c%2Fd;e=f?q=1&q=2&empty=&enc=%2F%3D+x'
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']) {
    const answer = await ask(url + path, { method })
    t.equal(answer.status, 200, method)
    t.equal(answer.headers['x-seen'], `${method} ${path}`, method)
    t.equal(answer.body, method === 'HEAD' ? '' : method, method)
  }
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'x/y']) {
      const answer = await ask(url + path, { method, headers: { ...bearer(), 'content-type': type, 'content-length': 3 }, body: '{"a' })
      t.equal(answer.status, 200, `${method} ${type}`)
      t.equal(answer.headers['x-seen'], `${method} ${path} {"a`, `${method} ${type}`)
    }
    const answer = await ask(url + path, { method, headers: { ...bearer(), 'transfer-encoding': 'chunked' }, body: 'no type' })
    t.equal(answer.headers['x-seen'], `${method} ${path} no type`, `${method} without a type`)
  }
})

t.test('hands on requests with headers that belong to one connection', async t => {
  const seen: IncomingHttpHeaders[] = []
  const { upstream } = await startServer(t, async (request, response) => {
    seen.push(request.headers)
    let size = 0
    for await (const chunk of request) size += chunk.length
    response.end(String(size))
  })
  const { url } = await startGateway(t, { upstream })
  for (const extra of [
    { expect: '100-continue' }, // curl, from 1 MB on
    { 'keep-alive': 'timeout=5, max=100' },
    { upgrade: 'h2c' },
    { te: 'trailers' },
    { 'proxy-connection': 'keep-alive' }
  ]) {
    seen.length = 0
    const headers = { ...bearer(), ...extra, 'content-length': 5 }
    const answer = await ask(`${url}/api/v1/files`, { method: 'POST', headers, body: '12345' })
    t.equal(answer.status, 200, JSON.stringify(extra))
    t.equal(answer.body, '5', JSON.stringify(extra))
    for (const name of Object.keys(extra)) t.equal(seen[0]?.[name], undefined, `${name} is not handed on`)
  }
})

t.test('hands on answers as they are', async t => {
  const asked: string[] = []
  const { upstream } = await startServer(t, (request, response) => {
    asked.push(request.url ?? '')
    const answers: Record<string, () => unknown> = {
      '/moved': () => response.writeHead(307, { location: '/elsewhere?a=%2F', 'set-cookie': ['a=1; Path=/', 'b=2; HttpOnly'] }).end(),
      '/away': () => response.writeHead(302, { location: 'https://example.com/there' }).end(),
      '/same': () => response.writeHead(304, { etag: '"x"' }).end(),
      '/nothing': () => response.writeHead(204).end(),
      '/busy': () => response.writeHead(503, { 'retry-after': '7' }).end('{"busy":true}'),
      '/zipped': () => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('zipped')),
      '/teapot': () => response.writeHead(418, { 'x-a': 'é', connection: 'close', 'keep-alive': 'timeout=1' }).end('short'),
      '/length': () => response.writeHead(200, { 'content-length': 3 }).end('abc')
    }
    answers[request.url ?? '']?.()
  })
  const { url } = await startGateway(t, { upstream })

  t.match(await ask(`${url}/moved`), {
    status: 307, headers: { location: '/elsewhere?a=%2F', 'set-cookie': ['a=1; Path=/', 'b=2; HttpOnly'] }
  })
  t.match(await ask(`${url}/away`), { status: 302, headers: { location: 'https://example.com/there' } })
  t.match(await ask(`${url}/same`), { status: 304, headers: { etag: '"x"' }, body: '' })
  t.match(await ask(`${url}/nothing`), { status: 204, body: '' })
  t.match(await ask(`${url}/teapot`), { status: 418, body: 'short' })
  t.match(await ask(`${url}/length`), { status: 200, headers: { 'content-length': '3' }, body: 'abc' })
  t.match(await ask(`${url}/length`, { method: 'HEAD' }), { status: 200, headers: { 'content-length': '3' }, body: '' })
  const zipped = await fetch(`${url}/zipped`, { headers: bearer() })
  t.equal(await zipped.text(), 'zipped')

  t.test('asks once, whatever the answer is', async t => {
    t.match(await ask(`${url}/busy`), { status: 503, headers: { 'retry-after': '7' }, body: '{"busy":true}' })
    t.equal(asked.filter(path => path === '/busy').length, 1)
  })

  t.test('says nothing of DB-GPT\'s connection', async t => {
    const { headers } = await ask(`${url}/teapot`, { headers: { ...bearer(), connection: 'keep-alive' } })
    t.equal(headers['keep-alive'] === 'timeout=1', false)
    t.not(headers.connection, 'close')
  })

  t.test('with the cookies that are DB-GPT\'s own, and no other', async t => {
    const cookie = await logIn(url)
    const { headers } = await ask(`${url}/moved`, { headers: { cookie } })
    const names = headers['set-cookie']?.map(each => each.split('=')[0])
    t.same(names?.toSorted(), ['a', 'b'])
  })
})

t.test('serves the openai client in front of the stand-in', async t => {
  const { url } = await startGateway(t)
  await converse(t, url)
})
