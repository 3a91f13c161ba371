import type { FastifyInstance } from 'fastify'

export interface StreamsOptions {
  /** How often the keys of open answers and WebSockets are looked at, in milliseconds. */
  readonly everyMs: number
  /** How long requests may go on once the gateway is to end, in milliseconds. */
  readonly graceMs: number
}

/**
 * Ends what outlives the check of its key: an answer that is still being streamed, or a WebSocket, whose key is gone;
 * and at the end of the gateway, what is still open after a while.
 *
 * @param app - the gateway
 * @param options - how often, how long
 */
export function watchStreams (app: FastifyInstance, { everyMs, graceMs }: StreamsOptions): void {
  const open = new Map<object, { readonly digest: string | undefined, readonly end: () => void }>()
  let closing = false

  app.addHook('preHandler', async (request, reply) => {
    const { socket } = request.raw
    // What was switched to another protocol lasts as long as its socket.
    const lasting = request.raw.headers.upgrade === undefined ? reply.raw : socket
    if (lasting.destroyed || open.has(lasting)) return
    open.set(lasting, { digest: request.apiKey?.digest, end: () => socket.destroy() })
    lasting.once('close', () => open.delete(lasting))
  })

  const look = async (): Promise<void> => {
    for (const { digest, end } of [...open.values()]) if (digest !== undefined && await isGone(app, digest)) end()
  }
  const looking = setInterval(() => { look().catch(err => app.log.error({ err }, 'Open streams could not be looked at')) }, everyMs)
  looking.unref()

  let ending: NodeJS.Timeout | undefined
  app.addHook('preClose', async () => {
    closing = true
    ending = setTimeout(() => {
      for (const { end } of [...open.values()]) end()
      app.server.closeAllConnections()
    }, graceMs)
  })
  app.addHook('onClose', async () => {
    clearInterval(looking)
    clearTimeout(ending)
  })
  app.decorate('isClosing', () => closing)
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether the gateway is about to end. */
    isClosing (): boolean
  }
}

async function isGone (app: FastifyInstance, digest: string): Promise<boolean> {
  try {
    const key = await app.apiKeys.find(digest)
    return key == null || (key.expiresAt != null && key.expiresAt.getTime() <= Date.now())
  } catch {
    return false // nobody knows: what has been let in goes on
  }
}
