import { once } from 'node:events'
import http, { type IncomingHttpHeaders, type OutgoingHttpHeaders, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Test } from 'tap'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Counts the bytes that are in use, those of buffers as well. */
export function liveMemory (): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Starts an upstream of the test's own, which takes many connections at once. */
export async function startServer (t: Test, listener: RequestListener): Promise<{ upstream: string, server: http.Server }> {
  const server = http.createServer(listener)
  server.listen(0, '127.0.0.1', 2048)
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return { upstream: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Question {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string
}

/** Sends what fetch would not, such as its own Accept, Expect or a path that is no good one. */
export async function ask (url: string, { method = 'GET', headers = {}, body = '' }: Question = {}): Promise<Answer> {
  const { hostname, port } = new URL(url)
  const path = url.slice(url.indexOf('/', 'http://'.length))
  const request = http.request({ hostname, port, path, method, headers, agent: false })
  request.end(body)
  const [response] = await once(request, 'response') as [http.IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString() }
}
