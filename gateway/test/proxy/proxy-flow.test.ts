import { createHash } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import OpenAI, { APIError } from 'openai'
import t from 'tap'
import { bearer, KEY, rejection } from '../../../test/support/app.ts'
import { until } from '../../../test/support/until.ts'
import { askWithKey as ask, logIn } from '../support/gateway-client.ts'
import { startGateway } from '../support/gateway.ts'
import { liveMemory, MEGABYTE } from '../support/memory.ts'
import { freePorts } from '../../../test/support/redis.ts'
import { startServer } from '../support/upstream.ts'

/** Waits until a count has begun and has then stood still for 30 looks at it: by looks, for a busy machine sleeps long. */
async function settles (count: () => number): Promise<void> {
  let last = 0
  let looks = 0
  await until(() => {
    looks = count() === last ? looks + 1 : 0
    last = count()
    return last > 0 && looks >= 30
  }, 60)
}

t.test('streams an answer, event by event', async t => {
  const waiting: (() => void)[] = []
  const { upstream } = await startServer(t, async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const word of ['one', 'two', 'three']) {
      response.write(`data: ${word}\n\n`)
      await new Promise<void>(resolve => waiting.push(resolve))
    }
    response.end()
  })
  const { url } = await startGateway(t, { upstream })
  const response = await fetch(`${url}/v1/chat/completions`, { headers: bearer() })
  t.equal(response.headers.get('content-type'), 'text/event-stream')
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  for (const word of ['one', 'two', 'three']) {
    // The next one is not made before this one is read.
    t.equal((await reader?.read())?.value, `data: ${word}\n\n`)
    waiting.pop()?.()
  }
  t.equal((await reader?.read())?.done, true)
})

t.test('hands on the head of an answer before there is any of its body', async t => {
  const { upstream } = await startServer(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  })
  const { url } = await startGateway(t, { upstream })
  const response = await fetch(`${url}/v1/events`, { headers: bearer(), signal: AbortSignal.timeout(3000) }).catch(error => error)
  t.equal(response.status, 200)
  await response.body?.cancel()
})

t.test('streams an upload, piece by piece', async t => {
  const received: string[] = []
  const { upstream } = await startServer(t, async (request, response) => {
    for await (const chunk of request) received.push(String(chunk))
    response.end('done')
  })
  const { url } = await startGateway(t, { upstream })
  const body = async function * (): AsyncGenerator<string> {
    for (const word of ['one', 'two', 'three']) {
      yield word
      await until(() => received.includes(word))
    }
  }
  const response = await fetch(`${url}/api/v1/files`, {
    method: 'POST', headers: bearer(), body: Readable.from(body()), duplex: 'half'
  })
  t.equal(await response.text(), 'done')
  t.same(received, ['one', 'two', 'three'])
})

t.test('does not hold an upload of 48 MB in memory', async t => {
  const pieces = 768
  const piece = Buffer.alloc(MEGABYTE / 16, 'piece')
  const seen = createHash('sha256')
  let size = 0
  let live = 0
  let go = (): void => {}
  const { upstream } = await startServer(t, (request, response) => {
    let next = 0
    go = () => request.on('data', chunk => {
      size += chunk.length
      seen.update(chunk)
      if (size < next) return
      next += 8 * MEGABYTE
      setImmediate(() => { live = Math.max(live, liveMemory()) })
    })
    request.on('end', () => response.end(`${size} ${seen.digest('hex')}`))
  })
  const { url } = await startGateway(t, { upstream })
  const before = liveMemory()
  const request = http.request(`${url}/api/v1/files`, {
    method: 'POST', headers: { ...bearer(), 'content-type': 'multipart/form-data; boundary=x' }, agent: false
  })
  const sent = createHash('sha256')
  let taken = 0
  const write = (): void => {
    while (taken < pieces) {
      taken++
      sent.update(piece)
      if (!request.write(piece)) return
    }
    request.end()
  }
  request.on('drain', write)
  write()
  // DB-GPT reads nothing: what was taken off the client is in buffers, and soon no more is taken.
  await settles(() => taken)
  t.ok(taken * piece.length < 32 * MEGABYTE, `${taken} of ${pieces} pieces were taken off a client whose upload nobody reads`)
  go()
  const [response] = await once(request, 'response') as [http.IncomingMessage]
  t.equal(String((await response.toArray())[0]), `${48 * MEGABYTE} ${sent.digest('hex')}`)
  const grown = (live - before) / MEGABYTE
  t.ok(grown < 32, `memory grew by ${grown} MB, of client, gateway and DB-GPT together`)
})

t.test('does not hold an answer in memory that its client does not read', async t => {
  let written = 0
  const { upstream } = await startServer(t, async (_request, response) => {
    const piece = Buffer.alloc(MEGABYTE / 16)
    while (written < 1600 && !response.destroyed) {
      written++
      // That of a client that has gone is never drained.
      if (!response.write(piece)) await once(response, 'drain')
    }
    response.end()
  })
  const { app, url } = await startGateway(t, { upstream })
  const socket = net.connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  socket.pause()
  socket.write(`GET /big HTTP/1.1\r\nhost: ${new URL(url).host}\r\nauthorization: Bearer ${KEY}\r\n\r\n`)
  await settles(() => written)
  t.ok(written < 640, `${written} of 1600 pieces were taken off DB-GPT`)
  socket.destroy()
})

t.test('without an upstream', async t => {
  const [port] = await freePorts(1)
  const { url } = await startGateway(t, { upstream: `http://127.0.0.1:${port}` })

  t.test('a person reads a page', async t => {
    const answer = await ask(`${url}/flows`, { headers: { ...bearer(), accept: 'text/html,*/*' } })
    t.match(answer, {
      status: 502, body: /<title>DB-GPT cannot be reached</, headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }
    })
  })

  t.test('a page reads DB-GPT\'s envelope', async t => {
    const answer = await ask(`${url}/api/v2/serve/awel/flows`)
    t.match(answer, { status: 502, headers: { 'content-type': /^application\/json$/ } })
    t.same(JSON.parse(answer.body), { success: false, err_code: '502', err_msg: 'DB-GPT cannot be reached', data: null })
  })

  t.test('the openai client throws an error of the server\'s', async t => {
    const client = new OpenAI({ apiKey: KEY, baseURL: `${url}/v1`, maxRetries: 0 })
    const error = await rejection(client.models.list())
    t.type(error, APIError)
    t.match(error, { status: 502, code: 'upstream_unavailable', type: 'server_error', param: null })
  })
})

t.test('an upstream that is too slow is 504, in the words of who reads it', async t => {
  const { upstream } = await startServer(t, () => {})
  const { url } = await startGateway(t, { upstream, upstreamTimeoutMs: 100 })
  const [text, envelope, openai] = await Promise.all([
    ask(`${url}/`, { headers: { ...bearer(), 'sec-fetch-mode': 'navigate' } }), ask(`${url}/api/x`), ask(`${url}/v1/models`)
  ])
  t.match(text, { status: 504, body: /<title>DB-GPT did not answer in time</ })
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
