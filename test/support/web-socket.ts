import { WebSocket } from 'ws'

/** What became of a WebSocket. */
export interface Opened {
  /** Of the answer that refused it. */
  readonly status?: number | undefined
  /** The first message of one that was opened. */
  readonly message?: string
  /** The subprotocol that was chosen. */
  readonly protocol?: string
}

/** Opens a WebSocket, and closes it after its first message. */
export async function openWebSocket (
  url: string, protocols: string[], headers: Readonly<Record<string, string>> = {}
): Promise<Opened> {
  return await new Promise((resolve, reject) => {
    const socket = new WebSocket(url, protocols, { headers })
    socket.once('error', reject)
    socket.once('unexpected-response', (_request, { statusCode: status }) => {
      // It is an error to give up before it is open.
      socket.off('error', reject).on('error', () => {}).terminate()
      resolve({ status })
    })
    socket.once('message', data => {
      socket.close()
      resolve({ message: String(data), protocol: socket.protocol })
    })
  })
}
