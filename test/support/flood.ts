import net from 'node:net'
import { makeKey } from './keys.ts'

/** How long an answer may take: a bound, so that a failing test ends. */
const TIMEOUT_MS = 20_000
/** How many requests are sent in one piece. */
const BATCH = 100
const REFUSED = 'HTTP/1.1 401 Unauthorized\r\n'

/** Asks with keys that are random, each once, over some connections, as fast as is answered 401. */
export async function flood (url: string, count: number): Promise<void> {
  const { port } = new URL(url)
  let batches = count / BATCH
  const send = (socket: net.Socket): void => {
    const keys = Array.from({ length: BATCH }, makeKey)
    socket.write(keys.map(key => `GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${key}\r\n\r\n`).join(''))
  }
  await Promise.all(Array.from({ length: 4 }, async () => {
    const socket = net.connect(Number(port), '127.0.0.1').setEncoding('latin1')
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no answer, or another one')))
    if (batches-- > 0) send(socket)
    let [rest, answers] = ['', 0]
    for await (const chunk of socket) {
      const parts = `${rest}${chunk}`.split(REFUSED)
      rest = (parts.at(-1) as string).slice(1 - REFUSED.length)
      answers += parts.length - 1
      if (answers < BATCH) continue
      answers = 0
      if (batches-- <= 0) break // which destroys the socket
      send(socket)
    }
  }))
}
