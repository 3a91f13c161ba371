import net from 'node:net'
import { KEY } from '../../../test/support/app.ts'

/** A WebSocket's handshake with the key of the tests, as it goes over the wire. */
export function handshake (path: string, headers: readonly string[] = [`authorization: Bearer ${KEY}`]): string {
  return [
    `GET ${path} HTTP/1.1`, 'host: a', 'connection: Upgrade', 'upgrade: websocket', 'sec-websocket-version: 13',
    'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==', ...headers, '', ''
  ].join('\r\n')
}

/** Begins a WebSocket over a bare socket, which reads nothing until it is told to. */
export function connectSilent (url: string, path: string): net.Socket {
  const socket = net.connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => {}).pause()
  socket.write(handshake(path))
  return socket
}
