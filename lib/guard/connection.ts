import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'

const MAX_DISCARDED_BODY = 65_536
const LINGER_MS = 1000

/** Ends the connection of a rejected request after the answer where what follows it would be read for nothing. */
export function endConnection ({ raw }: FastifyRequest, reply: FastifyReply): void {
  const { headers, httpVersionMajor, socket, upgrade } = raw as IncomingMessage & { upgrade?: boolean }
  const hasLongBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > MAX_DISCARDED_BODY
  if (httpVersionMajor !== 1 || (upgrade !== true && !hasLongBody)) return
  reply.header('connection', 'close')
  // Nobody owns an upgraded socket: unless it is ended here, it stays open, and close() waits for it.
  if (upgrade === true) reply.raw.once('finish', () => socket.destroySoon())
  else cutBody(raw)
}

/**
 * Stops reading a body, and lets its client read the answer before the socket goes: one that is closed with unread
 * data in it is reset, and an answer on its way may be lost with it (RFC 9112 §9.6).
 */
function cutBody (raw: IncomingMessage): void {
  const { socket } = raw
  // A body that was asked for and is not taken stops coming; Node reads to its end one that nobody asked for.
  raw.pause().read(0)
  // Node ends the socket so, once the answer is written.
  socket.destroySoon = () => {
    socket.end()
    setTimeout(() => socket.destroy(), LINGER_MS)
  }
}
