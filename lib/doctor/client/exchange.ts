import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import https from 'node:https'
import type { Duplex } from 'node:stream'
import { constants, unzipSync } from 'node:zlib'
import { portOf } from './address.ts'
import { type Answer, type End, type Fault, type Outcome, type Stage, TIMEOUT } from './outcome.ts'
import { decoded } from './secrets.ts'

const MAX_BODY = 65_536
const MAX_BYTES = 256

/** One request. */
export interface Question {
  readonly url: URL
  readonly method: 'GET' | 'OPTIONS'
  readonly headers: Readonly<Record<string, string>>
  /** How long to wait for a connection, then for headers, then for the body's end, in milliseconds. */
  readonly timeoutMs: number
  /** The proxy to ask by way of. */
  readonly proxy?: URL | undefined
}

/** Asks, and returns the answer or why there is none; never throws, never follows a redirect. */
export async function exchange (question: Question): Promise<Outcome> {
  const { url, method, headers, proxy } = question
  const common = { method, headers, agent: false } as const
  if (proxy === undefined) return await send(clientOf(url).request(url, common), question)
  if (url.protocol === 'http:') {
    const path = `${url.origin}${url.pathname}${url.search}`
    const own = { host: url.host, ...authorizationOf(proxy) }
    return await send(clientOf(proxy).request(proxy, { ...common, path, headers: { ...headers, ...own } }), question)
  }
  const tunnel = await connect(proxy, question)
  if ('code' in tunnel) return tunnel
  return await send(https.request(url, { ...common, socket: tunnel } as RequestOptions), question, 'tls')
}

function clientOf ({ protocol }: URL): typeof http | typeof https {
  return protocol === 'https:' ? https : http
}

/** What a proxy's URL has of a user and a password. */
function authorizationOf ({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {}
  const pair = `${decoded(username)}:${decoded(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` }
}

/** Opens a tunnel by way of a proxy, which sees where to, and nothing of what is asked there. */
async function connect (proxy: URL, { url, timeoutMs }: Question): Promise<Duplex | Fault> {
  const path = `${url.hostname}:${portOf(url)}`
  const headers = { host: path, ...authorizationOf(proxy) }
  const request = clientOf(proxy).request(proxy, { method: 'CONNECT', path, headers, agent: false })
  return await new Promise(resolve => {
    const fail = (code: string): void => {
      clearTimeout(timer)
      request.destroy()
      resolve({ stage: 'proxy', code })
    }
    const timer = setTimeout(fail, timeoutMs, TIMEOUT)
    request.on('error', error => fail(codeOf(error)))
    request.on('response', ({ statusCode }) => fail(String(statusCode)))
    request.on('connect', ({ statusCode = 0 }, socket) => {
      if (statusCode !== 200) {
        socket.destroy()
        return fail(String(statusCode))
      }
      clearTimeout(timer)
      resolve(socket)
    })
    request.end()
  })
}

/** Before a handshake is over, OpenSSL's word stands in the text alone. */
function codeOf ({ code = 'ERROR', message }: NodeJS.ErrnoException): string {
  const [, reason] = /:SSL routines:[^:]*:([^:]+):/.exec(message) ?? []
  return code === 'EPROTO' && reason !== undefined ? `ERR_SSL_${reason.toUpperCase().replaceAll(' ', '_')}` : code
}

/** @param first - the stage that it begins with: in a tunnel there is a connection already */
async function send (request: ClientRequest, question: Question, first: Stage = 'connect'): Promise<Outcome> {
  const isTls = question.url.protocol === 'https:'
  let stage = first
  let timer: NodeJS.Timeout
  return await new Promise(resolve => {
    const enter = (next: Stage): void => {
      stage = next
      clearTimeout(timer)
      timer = setTimeout(finish, question.timeoutMs, { stage, code: TIMEOUT })
    }
    const finish = (outcome: Outcome): void => {
      clearTimeout(timer)
      resolve(outcome)
      request.destroy()
    }
    enter(first)
    request.on('socket', socket => {
      socket.once('connect', () => enter(isTls ? 'tls' : 'answer'))
      socket.once('secureConnect', () => enter('answer'))
    })
    request.on('error', (error: NodeJS.ErrnoException & { rawPacket?: Buffer }) => {
      finish({ stage, code: codeOf(error), bytes: error.rawPacket?.subarray(0, MAX_BYTES) })
    })
    request.on('upgrade', (response, socket) => {
      socket.destroy()
      finish(answerOf(response, '', 'whole'))
    })
    request.on('response', response => {
      clearTimeout(timer)
      read(response, question.timeoutMs, (body, end) => finish(answerOf(response, body, end)))
    })
    request.end()
  })
}

/** Reads the beginning of a body, for so long. */
function read (response: IncomingMessage, timeoutMs: number, done: (body: string, end: End) => void): void {
  const chunks: Buffer[] = []
  let length = 0
  const finish = (end: End): void => {
    clearTimeout(timer)
    done(unpack(Buffer.concat(chunks).subarray(0, MAX_BODY), response), end)
  }
  const timer = setTimeout(finish, timeoutMs, 'endless')
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    length += chunk.length
    if (length > MAX_BODY) finish('cut')
  })
  response.on('end', () => finish('whole'))
  response.on('error', () => finish('truncated'))
}

/** Some compress whatever is asked for. */
function unpack (bytes: Buffer, { headers }: IncomingMessage): string {
  if (!/gzip|deflate/.test(headers['content-encoding'] ?? '')) return bytes.toString()
  try {
    return unzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 16 * MAX_BODY }).toString()
  } catch {
    return ''
  }
}

function answerOf ({ statusCode = 0, headers, socket }: IncomingMessage, body: string, end: End): Answer {
  return { status: statusCode, headers, body, end, address: socket.remoteAddress ?? '' }
}
