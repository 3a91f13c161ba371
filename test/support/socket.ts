import { once } from 'node:events'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** Listens on a free port of the loopback interface. */
export async function listen (app: FastifyInstance): Promise<number> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

/** Sends bytes over a socket of their own and reads until the server ends it; the client never ends first. */
export async function exchange (port: number, bytes: string | Buffer): Promise<string> {
  const socket = net.connect(port, '127.0.0.1')
  socket.write(bytes)
  const chunks: Buffer[] = []
  socket.on('data', chunk => { chunks.push(chunk) })
  await once(socket, 'close')
  return Buffer.concat(chunks).toString('latin1')
}

/**
 * Sends bytes that a server need not like, each character as one byte, and reads until the server ends the connection,
 * be it in the middle of what it is sent.
 */
export async function provoke (port: number, bytes: string): Promise<string> {
  const socket = net.connect(port, '127.0.0.1')
  // What was answered before a reset is what counts.
  socket.on('error', () => {})
  let isLate = false
  socket.setTimeout(20_000, () => {
    isLate = true
    socket.destroy()
  })
  socket.write(bytes, 'latin1')
  const chunks: Buffer[] = []
  socket.on('data', chunk => { chunks.push(chunk) })
  await new Promise(resolve => socket.once('close', resolve))
  const answer = Buffer.concat(chunks).toString('latin1')
  if (isLate) throw new Error(`The server left open what began with ${bytes.slice(0, 60)}, after ${answer.slice(0, 60)}`)
  return answer
}

/** Reads answers off a kept connection, one at a time. */
export class KeptConnection {
  readonly socket: net.Socket
  #received = ''

  constructor (port: number) {
    this.socket = net.connect(port, '127.0.0.1')
    this.socket.setEncoding('latin1')
    this.socket.on('data', chunk => { this.#received += chunk })
  }

  /** Sends a request and waits for its answer, whose body must have a content-length. */
  async ask (bytes: string): Promise<string> {
    this.socket.write(bytes)
    return await this.next()
  }

  async next (): Promise<string> {
    for (;;) {
      const head = this.#received.indexOf('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(this.#received.slice(0, head))?.[1] ?? 0)
      const end = head + 4 + length
      if (head !== -1 && this.#received.length >= end) {
        const answer = this.#received.slice(0, end)
        this.#received = this.#received.slice(end)
        return answer
      }
      await once(this.socket, 'data')
    }
  }
}
