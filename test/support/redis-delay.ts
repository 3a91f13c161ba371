import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import type { Test } from 'tap'

/**
 * Starts what passes everything on to a Redis, and holds up what it is asked.
 *
 * @param t - the test, with which it ends
 * @param port - of the Redis
 * @param hold - is told of each piece that is asked, which waits for what this returns
 */
export async function startDelay (
  t: Test, port: number, hold: (asked: string) => Promise<void> | undefined
): Promise<string> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer(async client => {
    const redis = net.connect(port, '127.0.0.1')
    for (const socket of [client, redis]) {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => {
        client.destroy()
        redis.destroy()
      })
    }
    redis.pipe(client)
    try {
      for await (const asked of client) {
        await hold(String(asked))
        redis.write(asked)
      }
    } catch { /* one of them has ended */ }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`
}
