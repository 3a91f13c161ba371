import { once } from 'node:events'
import http, { type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

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
