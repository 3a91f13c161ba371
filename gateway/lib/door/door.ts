import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** How long the body of a request may take to arrive that has not been let in. */
const BODY_MS = 30_000
const TIMED_OUT = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n'

/**
 * Sees to a connection's manners before anything else looks at its requests.
 *
 * @param app - the gateway, which has no hook yet
 */
export function watchDoor (app: FastifyInstance): void {
  const latest = new WeakMap<Socket, ServerResponse>()
  const deadlines = new WeakMap<FastifyRequest, NodeJS.Timeout>()

  app.addHook('onRequest', (request, reply, done) => {
    const { raw, socket } = request
    // Read while it can be: it is kept from then on. Who is gone already has no address, and needs no answer.
    if (socket.remoteAddress === undefined) {
      socket.destroy()
      return
    }
    if (!('upgrade' in raw && raw.upgrade === true)) delete raw.headers.upgrade
    const before = latest.get(socket)
    latest.set(socket, reply.raw)
    const goOn = (): void => {
      // An answer that ends the connection is the last one (RFC 9112 §9.6): what was sent behind its request is not done.
      if (socket.destroyed || socket.writableEnded) return
      if (hasBody(request)) deadlines.set(request, setDeadline(request, reply))
      done()
    }
    // Answers go out in the order of their requests, so the next one can wait.
    if (before === undefined || before.writableFinished) goOn()
    else before.once('finish', goOn)
  })

  // Comes after all hooks that may refuse a request.
  app.addHook('preParsing', async (request, _reply, payload) => {
    if (request.routeOptions.config.apiKey !== false) clearTimeout(deadlines.get(request))
    return payload
  })
}

function hasBody ({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0
}

function setDeadline (request: FastifyRequest, reply: FastifyReply): NodeJS.Timeout {
  const { raw, socket } = request
  const timer = setTimeout(() => {
    if (raw.complete || socket.destroyed) return
    request.log.info({ ip: request.ip }, 'A body did not come in time')
    if (!reply.raw.headersSent) socket.write(TIMED_OUT)
    socket.destroySoon()
  }, BODY_MS)
  raw.once('end', () => clearTimeout(timer)).once('close', () => clearTimeout(timer))
  return timer.unref()
}
