import { once } from 'node:events'
import http from 'node:http'
import OpenAI, { APIError } from 'openai'
import t from 'tap'
import { WebSocket } from 'ws'
import { bearer, KEY, rejection } from '../../support/app.ts'
import { askWithKey as ask, logIn } from '../../support/gateway-client.ts'
import { until } from '../../support/files.ts'
import { startGateway } from '../../support/gateway.ts'
import { freePorts } from '../../support/redis.ts'
import { startServer } from '../../support/upstream.ts'

t.test('without an upstream', async t => {
  const [port] = await freePorts(1)
  const { url } = await startGateway(t, { upstream: `http://127.0.0.1:${port}` })

  t.test('a person reads a text', async t => {
    const answer = await ask(`${url}/flows`, { headers: { ...bearer(), accept: 'text/html,*/*' } })
    t.match(answer, {
      status: 502, body: 'DB-GPT cannot be reached\n', headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }
    })
  })

  t.test('a page reads DB-GPT\'s envelope', async t => {
    const answer = await ask(`${url}/api/v2/serve/awel/flows`)
    t.match(answer, { status: 502, headers: { 'content-type': 'application/json; charset=utf-8' } })
    t.same(JSON.parse(answer.body), { success: false, err_code: '502', err_msg: 'DB-GPT cannot be reached', data: null })
  })

  t.test('the openai client throws an error of the server\'s', async t => {
    const client = new OpenAI({ apiKey: KEY, baseURL: `${url}/v1`, maxRetries: 0 })
    const error = await rejection(client.models.list())
    t.type(error, APIError)
    t.match(error, { status: 502, code: 'upstream_unavailable', type: 'server_error', param: null })
  })

  t.test('a WebSocket is ended', async t => {
    const socket = new WebSocket(url.replace('http', 'ws'), { headers: bearer() })
    socket.on('error', () => {})
    await once(socket, 'close')
    t.equal((await ask(`${url}/health`)).status, 200)
  })
})

t.test('an upstream that is too slow is 504, in the words of who reads it', async t => {
  const { upstream } = await startServer(t, () => {})
  const { url } = await startGateway(t, { upstream, upstreamTimeoutMs: 100 })
  const [text, envelope, openai] = await Promise.all([
    ask(`${url}/`, { headers: { ...bearer(), 'sec-fetch-mode': 'navigate' } }), ask(`${url}/api/x`), ask(`${url}/v1/models`)
  ])
  t.match(text, { status: 504, body: 'DB-GPT did not answer in time\n' })
  t.equal(envelope?.status, 504)
  t.match(JSON.parse(envelope?.body ?? ''), { success: false, err_code: '504', data: null })
  t.match(JSON.parse(openai?.body ?? ''), { error: { code: 'upstream_timeout', type: 'server_error', param: null } })
})

t.test('an upstream that hangs up', async t => {
  const { upstream } = await startServer(t, (request, response) => {
    if (request.url === '/v1/cut') response.write('data: one\n\n', () => request.socket.resetAndDestroy())
    else request.socket.destroy()
  })
  const { url } = await startGateway(t, { upstream })

  t.test('before its answer is 502', async t => {
    t.equal((await ask(`${url}/v1/models`)).status, 502)
    t.equal((await ask(`${url}/v1/files`, { method: 'POST', body: 'x' })).status, 502)
  })

  t.test('in its answer cuts it off for the client, too', async t => {
    t.ok(await rejection(ask(`${url}/v1/cut`)))
    t.equal((await ask(`${url}/health`)).status, 200)
  })
})

t.test('a client that goes away takes its request along', async t => {
  const open = new Map<string, 'open' | 'ended'>()
  const { upstream } = await startServer(t, (request, response) => {
    const path = request.url ?? ''
    open.set(path, 'open')
    response.once('close', () => open.set(path, 'ended'))
    if (path === '/streaming') response.write('data: one\n\n')
    if (path === '/uploading') request.resume()
  })
  const { url } = await startGateway(t, { upstream })
  const cookie = await logIn(url)
  for (const headers of [bearer(), { cookie, origin: url }]) {
    for (const path of ['/thinking', '/streaming', '/uploading']) {
      open.delete(path)
      const request = http.request(url + path, { method: path === '/uploading' ? 'POST' : 'GET', headers, agent: false })
      request.on('error', () => {})
      if (path === '/uploading') request.write('some of it')
      else request.end()
      if (path === '/streaming') {
        const [response] = await once(request, 'response') as [http.IncomingMessage]
        response.on('error', () => {})
        await once(response, 'data')
      }
      await until(() => open.get(path) === 'open')
      request.destroy()
      await until(() => open.get(path) === 'ended')
      t.equal(open.get(path), 'ended', `${path} with ${Object.keys(headers).join(' and ')}`)
    }
  }
})
