import { once } from 'node:events'
import net, { type Socket } from 'node:net'
import tls from 'node:tls'
import { hostOf, portOf } from './address.ts'

/** Tells whether a port speaks TLS; nothing is asked there. */
export async function speaksTls (url: URL, timeoutMs: number): Promise<boolean> {
  // Whose certificate it is does not matter for that.
  const socket = tls.connect({ host: hostOf(url), port: portOf(url), rejectUnauthorized: false })
  return await happens(socket, 'secureConnect', timeoutMs)
}

/** What a service that says nothing to HTTP is asked in its own words, and how it answers; neither changes anything. */
const QUESTIONS: readonly (readonly [what: string, question: Uint8Array, answer: RegExp])[] = [
  // Redis ends a connection on which it reads HTTP, so that no page can command it.
  ['Redis', Buffer.from('PING\r\n'), /^[+-]/],
  // Whether it speaks TLS, which it answers by a letter.
  ['PostgreSQL', Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]), /^[NS]$/]
]
/** How many connections that takes. */
export const NAMING = QUESTIONS.length

/** Names a service that says nothing to what is no word of its own. */
export async function namePort (url: URL, timeoutMs: number): Promise<string | undefined> {
  for (const [what, question, answer] of QUESTIONS) {
    const socket = net.connect({ host: hostOf(url), port: portOf(url) })
    let text = ''
    socket.setEncoding('latin1').on('data', data => { text += data })
    socket.write(question)
    await happens(socket, 'data', timeoutMs)
    if (answer.test(text)) return what
  }
  return undefined
}

async function happens (socket: Socket, event: string, timeoutMs: number): Promise<boolean> {
  const signal = AbortSignal.timeout(timeoutMs)
  const over = once(socket, 'close', { signal }).then(() => false)
  const came = once(socket, event, { signal }).then(() => true)
  const happened = await Promise.any([came, over]).catch(() => false)
  socket.on('error', () => {}).destroy()
  return happened
}
