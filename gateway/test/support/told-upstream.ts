import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import type { Test } from 'tap'
import { WebSocketServer } from 'ws'
import { startServer } from './upstream.ts'

export interface ToldUpstream {
  readonly upstream: string
  /** What it was asked last. */
  readonly asked: () => { readonly url: string, readonly headers: IncomingHttpHeaders }
  /** How many bytes of uploads have arrived. */
  readonly received: () => number
  /** Lets the streams at `/stream` say their second and last word. */
  readonly goOn: () => void
}

/**
 * Starts an upstream that does what it is told to: `/stream` begins an answer and waits, `/upload` counts, `/app` is
 * elsewhere, and a WebSocket is greeted and sent back what it sends.
 */
export async function startToldUpstream (t: Test): Promise<ToldUpstream> {
  let [url, headers, received] = ['', {}, 0]
  const told = new EventTarget()
  const { upstream, server } = await startServer(t, async (request, response) => {
    url = request.url ?? ''
    headers = request.headers
    if (url === '/stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n')
      await once(told, 'go on')
      response.end('data: two\n\n')
      return
    }
    if (url === '/app') {
      response.writeHead(307, { location: `http://${request.headers.host}/app/` }).end()
      return
    }
    for await (const chunk of request) received += (chunk as Buffer).length
    response.end(String(received))
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', socket => {
    socket.on('message', data => socket.send(`back: ${String(data)}`))
    socket.send('welcome')
  })
  return { upstream, asked: () => ({ url, headers }), received: () => received, goOn: () => told.dispatchEvent(new Event('go on')) }
}
