import { once } from 'node:events'
import net, { type Socket } from 'node:net'
import tls from 'node:tls'
import { hostOf } from './address.ts'

/** Tells whether a port speaks TLS; nothing is asked there. */
export async function speaksTls (url: URL, timeoutMs: number): Promise<boolean> {
  // Whose certificate it is does not matter for that.
  const socket = tls.connect({ host: hostOf(url), port: portOf(url), rejectUnauthorized: false })
  return await happens(socket, 'secureConnect', timeoutMs)
}

/** Names a service that says nothing to what is no word of its own. */
export async function namePort (url: URL, timeoutMs: number): Promise<string | undefined> {
  const socket = net.connect({ host: hostOf(url), port: portOf(url) })
  let text = ''
  socket.setEncoding('latin1').on('data', data => { text += data })
  // PostgreSQL's question whether it speaks TLS, which it answers by a letter.
  socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]))
  await happens(socket, 'data', timeoutMs)
  return text === 'N' || text === 'S' ? 'PostgreSQL' : undefined
}

function portOf ({ port }: URL): number {
  return port === '' ? 80 : Number(port)
}

async function happens (socket: Socket, event: string, timeoutMs: number): Promise<boolean> {
  const signal = AbortSignal.timeout(timeoutMs)
  const over = once(socket, 'close', { signal }).then(() => false)
  const came = once(socket, event, { signal }).then(() => true)
  const happened = await Promise.any([came, over]).catch(() => false)
  socket.on('error', () => {}).destroy()
  return happened
}
