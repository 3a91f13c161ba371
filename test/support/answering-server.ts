import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import type { Test } from 'tap'

/**
 * Starts a server that answers as told, for what a real one cannot be had for.
 *
 * @param t - the test, with which it ends
 * @param answer - is told of each piece that comes in, as text, and of a new connection by an empty one
 */
export async function startAnswering (t: Test, answer: (socket: Socket, text: string) => unknown): Promise<number> {
  const sockets = new Set<Socket>()
  const server = net.createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket)).on('data', data => answer(socket, data.toString('latin1')))
    answer(socket, '')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}
