import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether the gateway is about to end. */
    isClosing (): boolean
    /**
     * Says on `/ready` that the gateway is about to end, while it still serves: whoever sends it requests can look away.
     *
     * @param ms - for how long, in milliseconds
     */
    drain (ms: number): Promise<void>
  }
}

/** How long WebSockets have to answer that they are closed, in milliseconds. */
const GOODBYE_MS = 1000

/**
 * Sees to it that the gateway ends: what is open may go on for a while, and what is silent does not hold it.
 *
 * @param app - the gateway
 * @param graceMs - how long requests may go on once the gateway is to end, in milliseconds
 */
export function watchShutdown (app: FastifyInstance, graceMs: number): void {
  /** All connections, with how many of their requests are not answered yet. */
  const sockets = new Map<Socket, number>()
  let isClosing = false
  app.server.on('connection', (socket: Socket) => {
    sockets.set(socket, 0)
    socket.once('close', () => sockets.delete(socket))
  })
  app.server.on('request', ({ socket }, response) => {
    sockets.set(socket, (sockets.get(socket) ?? 0) + 1)
    response.once('close', () => { if (sockets.has(socket)) sockets.set(socket, (sockets.get(socket) ?? 1) - 1) })
  })

  const endSilent = (): void => { for (const [socket, requests] of sockets) if (requests === 0) socket.destroy() }
  const timers: NodeJS.Timeout[] = []
  app.addHook('preClose', async () => {
    isClosing = true
    timers.push(
      setTimeout(endSilent, Math.min(GOODBYE_MS, graceMs)),
      setTimeout(() => { for (const socket of sockets.keys()) socket.destroy() }, graceMs)
    )
  })
  app.addHook('onClose', async () => { for (const timer of timers) clearTimeout(timer) })
  app.decorate('isClosing', () => isClosing)
  app.decorate('drain', async (ms: number) => {
    isClosing = true
    await pause(ms, undefined, { ref: false })
  })
}
