import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import type { Test } from 'tap'

export interface Relay {
  readonly port: number
  /** Has all connections of now say nothing more, and stay open. */
  readonly hang: () => void
}

/**
 * Starts what passes bytes on to a port, which ends with the test.
 *
 * @param t - the test
 * @param to - the port
 */
export async function startRelay (t: Test, to: number): Promise<Relay> {
  const open = new Set<net.Socket>()
  const server = net.createServer(client => {
    const target = net.connect(to, '127.0.0.1')
    for (const [from, other] of [[client, target], [target, client]] as const) {
      open.add(from)
      from.on('error', () => {}).on('data', chunk => other.write(chunk)).on('close', () => {
        open.delete(from)
        other.destroy()
      })
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const socket of open) socket.destroy()
  })
  return {
    port: (server.address() as AddressInfo).port,
    hang: () => { for (const socket of open) socket.removeAllListeners('data').resume() }
  }
}
