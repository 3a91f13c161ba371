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

/** How long WebSockets have to answer that they are closed, and connections to send a request, in milliseconds. */
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
  let [isClosing, isEnding] = [false, false]
  const count = (socket: Socket, change: number): void => {
    const requests = sockets.get(socket)
    if (requests === undefined) return
    sockets.set(socket, requests + change)
    // Else it would be kept for a next request, which would be refused.
    if (isEnding && requests + change === 0) socket.destroySoon()
  }
  app.server.on('connection', (socket: Socket) => {
    sockets.set(socket, 0)
    socket.once('close', () => sockets.delete(socket))
  })
  app.server.on('request', ({ socket }, response) => {
    count(socket, 1)
    response.once('close', () => count(socket, -1))
  })

  const timers: NodeJS.Timeout[] = []
  app.addHook('preClose', async () => {
    [isClosing, isEnding] = [true, true]
    const endAll = (isMeant: (requests: number) => boolean): void => {
      for (const [socket, requests] of sockets) if (isMeant(requests)) socket.destroy()
    }
    timers.push(setTimeout(() => endAll(requests => requests === 0), Math.min(GOODBYE_MS, graceMs)))
    timers.push(setTimeout(() => endAll(() => true), graceMs))
  })
  app.addHook('onClose', async () => { for (const timer of timers) clearTimeout(timer) })
  app.decorate('isClosing', () => isClosing)
  app.decorate('drain', async (ms: number) => {
    isClosing = true
    await pause(ms, undefined, { ref: false })
  })
}
