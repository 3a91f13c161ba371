import { once } from 'node:events'
import http, { type IncomingHttpHeaders } from 'node:http'
import net, { type AddressInfo, type Socket } from 'node:net'
import type { Test } from 'tap'

export interface ForwardProxyOptions {
  /** `user:password`, without which it lets nobody through. */
  readonly credentials?: string
  /** Headers that it takes away. */
  readonly drops?: readonly string[]
  /** What it answers itself, whatever it is asked. */
  readonly status?: number
  /** Where hosts are that only it can reach. */
  readonly hosts?: Readonly<Record<string, number>>
}

export interface ForwardProxy {
  readonly url: string
  /** Each request that it has seen: what it was asked, and the headers. */
  readonly seen: { readonly line: string, readonly headers: IncomingHttpHeaders }[]
}

/** Starts a forward proxy, which takes absolute targets and CONNECT. */
export async function startForwardProxy (
  t: Test, { credentials, drops = [], status, hosts = {} }: ForwardProxyOptions = {}
): Promise<ForwardProxy> {
  const seen: ForwardProxy['seen'] = []
  const sockets = new Set<Socket>()
  const refusalOf = (headers: IncomingHttpHeaders): number | undefined => {
    if (status !== undefined) return status
    const expected = `Basic ${Buffer.from(credentials ?? '').toString('base64')}`
    return credentials === undefined || headers['proxy-authorization'] === expected ? undefined : 407
  }
  const server = http.createServer((request, response) => {
    seen.push({ line: `${request.method} ${request.url}`, headers: request.headers })
    const refusal = refusalOf(request.headers)
    if (refusal !== undefined) {
      response.writeHead(refusal).end()
      return
    }
    const { hostname, port, pathname, search } = new URL(String(request.url))
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !drops.includes(name)))
    const target = { method: request.method, path: pathname + search, headers, agent: false }
    const known = hosts[hostname]
    const onward = http.request({ ...target, host: known === undefined ? hostname : '127.0.0.1', port: known ?? port })
    onward.on('error', () => response.writeHead(502).end())
    onward.on('response', answer => {
      response.writeHead(answer.statusCode ?? 0, answer.headers)
      answer.pipe(response)
    })
    request.pipe(onward)
  })
  server.on('connect', (request, socket) => {
    seen.push({ line: `CONNECT ${request.url}`, headers: request.headers })
    const refusal = refusalOf(request.headers)
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal} No\r\n\r\n`)
      return
    }
    const [host = '', port] = String(request.url).split(':')
    const known = hosts[host]
    const onward = net.connect(known ?? Number(port), known === undefined ? host : '127.0.0.1')
    sockets.add(onward)
    onward.on('error', () => socket.destroy()).on('connect', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    socket.on('error', () => onward.destroy())
  })
  server.on('connection', socket => sockets.add(socket))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}
