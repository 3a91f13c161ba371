import http, { type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** How long a side may take to read the last of what it was sent once the other has gone, in milliseconds. */
const LAST_WORDS_MS = 10_000
/** After how long a silence it is found out whether a side is still there. */
const ALIVE_MS = 60_000

/** What a WebSocket's client sent behind its handshake, before it was answered. */
const heads = new WeakMap<IncomingMessage, Buffer>()

/**
 * Takes WebSocket handshakes through the routes and hooks of the gateway. Any other upgrade is ignored
 * (RFC 9110 §7.8), where Node would take everything behind it for another protocol.
 *
 * @param app - the gateway
 * @returns joins a WebSocket's client with DB-GPT once that has agreed. Bytes go through as they are, and no faster
 *   than the slower side takes them
 */
export function registerTunnels (app: FastifyInstance): OpenTunnel {
  const targets = new Set<Socket>()
  app.addHook('preClose', async () => { for (const target of [...targets]) target.destroy() })
  app.server.on('upgrade', (raw: IncomingMessage, stream: Duplex, head: Buffer) => {
    const socket = stream as Socket
    const response = new ServerResponse(raw)
    try {
      response.assignSocket(socket)
    } catch {
      // Sent behind a request that is not answered yet, which no client has a reason for.
      socket.destroy()
      return
    }
    if (!isWebSocket(raw)) {
      response.detachSocket(socket)
      return readAgain(app, raw, socket, head)
    }
    socket.on('error', () => socket.destroy())
    heads.set(raw, head)
    response.shouldKeepAlive = false
    response.once('finish', () => socket.destroySoon())
    app.routing(raw, response)
  })
  return (request, reply, options) => openTunnel(request, reply, options, target => {
    targets.add(target)
    target.once('close', () => targets.delete(target))
  })
}

function isWebSocket ({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' &&
    headers['sec-websocket-key'] !== undefined && headers['sec-websocket-version'] === '13'
}

/** Gives a connection back to the server, with the request at its beginning once more, and nothing to upgrade to in it. */
function readAgain ({ server }: FastifyInstance, raw: IncomingMessage, socket: Socket, head: Buffer): void {
  const lines = [`${raw.method} ${raw.url} HTTP/${raw.httpVersion}`]
  for (let i = 0; i < raw.rawHeaders.length; i += 2) {
    const [name = '', value = ''] = raw.rawHeaders.slice(i, i + 2)
    const kept = /^connection$/i.test(name) ? withoutUpgrade(value) : value
    if (!/^(upgrade|http2-settings)$/i.test(name) && !(kept === '' && value !== '')) lines.push(`${name}: ${kept}`)
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]))
  server.emit('connection', socket)
}

function withoutUpgrade (connection: string): string {
  return connection.split(',').map(option => option.trim()).filter(option => !/^(upgrade|http2-settings)$/i.test(option)).join(', ')
}

export interface TunnelOptions {
  /** Where to, with its path and query. */
  readonly url: URL
  /** What DB-GPT is told beside the handshake itself. */
  readonly headers: IncomingHttpHeaders
  /** How long DB-GPT may take to answer, in milliseconds. */
  readonly timeoutMs: number
  /** Answers in place of DB-GPT, which has not. */
  readonly onError: (error: Error, isLate: boolean) => void
  /** Hands on what DB-GPT answers to a WebSocket that it does not take. */
  readonly onResponse: (answer: IncomingMessage) => void
}

export type OpenTunnel = (request: FastifyRequest, reply: FastifyReply, options: TunnelOptions) => void

function openTunnel (
  request: FastifyRequest, reply: FastifyReply, options: TunnelOptions, onOpen: (target: Socket) => void
): void {
  const { url, headers, timeoutMs, onError, onResponse } = options
  const { socket } = request.raw
  if (socket.readableEnded) {
    socket.destroy()
    return
  }
  const outgoing = (url.protocol === 'https:' ? https : http).request(url, {
    agent: false, headers: { ...headers, host: url.host, connection: 'Upgrade', upgrade: 'websocket' } as OutgoingHttpHeaders
  })
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    outgoing.destroy(new Error('no answer'))
  }, timeoutMs)
  outgoing.once('close', () => clearTimeout(timer))
  const leave = (): void => { socket.destroy() }
  socket.once('end', leave).once('close', () => outgoing.destroy())
  outgoing.on('error', error => { if (!socket.destroyed) onError(error, isLate) })
  outgoing.on('response', answer => {
    clearTimeout(timer)
    onResponse(answer)
  })
  outgoing.on('upgrade', (answer, target, head) => {
    clearTimeout(timer)
    socket.off('end', leave)
    reply.hijack()
    reply.raw.detachSocket(socket)
    socket.write(headOf(answer), 'latin1')
    onOpen(target)
    join(socket, target, head, heads.get(request.raw))
  })
  outgoing.end()
}

/** DB-GPT's agreement, to the letter. */
function headOf ({ rawHeaders }: IncomingMessage): string {
  const lines = ['HTTP/1.1 101 Switching Protocols']
  for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}

function join (client: Socket, target: Socket, toClient: Buffer, toTarget: Buffer = Buffer.alloc(0)): void {
  for (const [from, to, head] of [[target, client, toClient], [client, target, toTarget]] as const) {
    from.setTimeout(0).setNoDelay(true).setKeepAlive(true, ALIVE_MS)
    from.on('error', () => from.destroy())
    from.once('close', () => endSoon(to))
    to.write(head)
    from.pipe(to)
  }
}

/** Ends a socket when it has taken what is on its way, or else after a while. */
function endSoon (socket: Socket): void {
  socket.destroySoon()
  // A socket that is gone already says so no more, and nobody waits for it.
  const timer = setTimeout(() => socket.destroy(), LAST_WORDS_MS).unref()
  socket.once('close', () => clearTimeout(timer))
}
