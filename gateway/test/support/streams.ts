import { once } from 'node:events'
import http, { type OutgoingHttpHeaders } from 'node:http'
import type { Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { until } from '../../../test/support/until.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { startServer } from './upstream.ts'

export interface Streams extends Gateway {
  /** The streams and WebSockets that DB-GPT has open, by their paths. */
  readonly open: Set<string>
  /** Opens a stream; tells whether it was ended. */
  readonly stream: (path: string, headers: OutgoingHttpHeaders) => Promise<() => boolean>
  readonly socket: (path: string, headers: OutgoingHttpHeaders) => Promise<WebSocket>
}

/** Starts a gateway in front of an upstream whose answers and WebSockets never end by themselves. */
export async function startStreams (t: Test, options: Parameters<typeof startGateway>[1] = {}): Promise<Streams> {
  const open = new Set<string>()
  const { upstream, server } = await startServer(t, (request, response) => {
    const { url = '' } = request
    if (!url.startsWith('/stream')) {
      response.end('done')
      return
    }
    open.add(url)
    response.once('close', () => open.delete(url))
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n')
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket, { url = '' }) => {
    open.add(url)
    socket.on('close', () => open.delete(url))
  })
  const gateway = await startGateway(t, { streamCheckMs: 30, ...options, upstream })
  return {
    ...gateway,
    open,
    stream: async (path, headers) => {
      const request = http.get(gateway.url + path, { headers, agent: false })
      const [response] = await once(request, 'response') as [http.IncomingMessage]
      response.on('error', () => {})
      await once(response, 'data')
      response.resume()
      return () => response.closed
    },
    socket: async (path, headers) => {
      const socket = new WebSocket(gateway.url.replace('http', 'ws') + path, { headers })
      socket.on('error', () => {})
      t.teardown(() => socket.terminate())
      await once(socket, 'open')
      await until(() => open.has(path))
      return socket
    }
  }
}
