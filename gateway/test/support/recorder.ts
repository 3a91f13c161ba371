import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { type Gateway, startGateway } from './gateway.ts'
import { startServer } from './upstream.ts'

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly raw: readonly string[]
  readonly body: string
}

export interface RecordedGateway extends Gateway {
  readonly port: number
  /** What DB-GPT has been asked. */
  readonly seen: Seen[]
}

/**
 * Starts a gateway in front of an upstream that records what it is asked, answers `secret`, and takes no WebSocket.
 *
 * @param t - the test, with which both end
 * @param options - what is special about this gateway
 */
export async function startRecordedGateway (
  t: Test, options: Parameters<typeof startGateway>[1] = {}
): Promise<RecordedGateway> {
  const seen: Seen[] = []
  const { server, upstream } = await startServer(t, async (request, response) => {
    let body = ''
    try {
      for await (const chunk of request) body += String(chunk)
    } catch {} // a request that the gateway has cut off
    const { method = '', url = '', headers, rawHeaders: raw } = request
    seen.push({ method, url, headers, raw, body })
    response.end('secret')
  })
  server.on('upgrade', ({ method = '', url = '', headers, rawHeaders: raw }, socket) => {
    seen.push({ method, url, headers, raw, body: '' })
    socket.destroy()
  })
  const gateway = await startGateway(t, { maxAttempts: 1000, ...options, upstream })
  return { ...gateway, port: (gateway.app.server.address() as AddressInfo).port, seen }
}
