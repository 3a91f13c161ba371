import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import httpProxy from '@fastify/http-proxy'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Agent, type Dispatcher } from 'undici'
import type { WebSocket } from 'ws'
import { faultBody } from './answer.ts'
import { isForPage, withBadge } from './badge.ts'
import { userOf } from './users/user.ts'
import { speakAsUser, USER_HEADER } from './users/users.ts'

/** Everything about the caller's identity that the gateway itself says; proxies of CGI's kind take `_` for `-`. */
const OURS = /^x[-_](dbgpt[-_]key[-_]|forwarded[-_]|real[-_]ip$)/
/** What is said for one connection alone, and what undici does not take. */
const CONNECTION = /^(connection|keep-alive|te|trailer|upgrade|http2-settings|expect|proxy-.*)$/
/** What a WebSocket's handshake says for one connection alone, besides. */
const HANDSHAKE = /^(host|transfer-encoding|sec-websocket-.*|content-length)$/

type Done = (error: Error | null, data: Dispatcher.ResponseData) => void

export interface ProxyOptions {
  /** DB-GPT's address. */
  readonly upstream: string
  /** The key that DB-GPT asks for; blank, none. */
  readonly upstreamKey: string
  /** How long DB-GPT may take until it begins to answer, in milliseconds. */
  readonly timeoutMs: number
  /** The names of the gateway's own cookies. */
  readonly cookieNames: readonly string[]
  /** Whether each key is a user of DB-GPT; otherwise callers say who they are themselves. */
  readonly users: boolean
  /** Whether DB-GPT's pages get a way to log out. */
  readonly badge: boolean
}

/**
 * Hands on everything that no route of the gateway takes.
 *
 * @param app - the gateway
 * @param options - where to, and how
 */
export async function registerProxy (app: FastifyInstance, options: ProxyOptions): Promise<void> {
  const { upstream, timeoutMs } = options
  const agent = new Agent({
    connect: { timeout: Math.min(10_000, timeoutMs) }, headersTimeout: timeoutMs, bodyTimeout: 0, keepAliveTimeout: 1000
  })
  // A caller that goes away while DB-GPT still thinks takes its request along.
  const callers = new AsyncLocalStorage<AbortSignal>()
  const request = (sent: Dispatcher.RequestOptions, done: Done): void => {
    agent.request({ ...sent, signal: callers.getStore() ?? null }, done)
  }
  const wsClientOptions = {
    handshakeTimeout: Math.min(10_000, timeoutMs),
    rewriteRequestHeaders: (_headers: object, request: FastifyRequest) => {
      const kept = Object.entries(request.headers).filter(([name]) => !HANDSHAKE.test(name))
      return rewrite(request, Object.fromEntries(kept), options)
    }
  }
  app.decorateRequest('bodyAsUser', undefined)
  // Fastify's own parser would make a string of it, of limited length.
  app.removeContentTypeParser('text/plain')
  await app.register(httpProxy, {
    upstream,
    ...options.users ? { preHandler: speakAsUser() } : {},
    websocket: true,
    undici: { request, headersTimeout: timeoutMs, bodyTimeout: 0 } as never,
    disableCache: true,
    retryMethods: [],
    wsHooks: {
      onConnect: (_context: unknown, source: WebSocket, target: WebSocket) => {
        if (source.readyState !== source.OPEN) target.terminate()
      }
    } as never,
    disableRequestLogging: true,
    handler: (request: FastifyRequest, reply, destination, fromOptions) => {
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort())
      return callers.run(gone.signal, () => reply.from(destination, { ...fromOptions, ...request.bodyAsUser }))
    },
    replyOptions: {
      rewriteRequestHeaders: (request, headers) => rewrite(request as FastifyRequest, headers, options),
      rewriteHeaders: headers => Object.fromEntries(Object.entries(headers).filter(([name]) => !CONNECTION.test(name))),
      onResponse: (request, reply, response) => {
        const { stream: answer } = response as unknown as { stream: Readable }
        const stream = options.badge ? withBadge(request as FastifyRequest, reply as FastifyReply, answer) : answer
        // The head alone must not wait for the first of the body, which may take its time.
        stream.once('resume', () => { if (!reply.raw.headersSent && !reply.raw.destroyed) (reply.raw as ServerResponse).flushHeaders() })
        reply.send(stream)
      },
      onError: (reply, { error }) => {
        const { statusCode } = error as Error & { statusCode?: number }
        const [status, code, message] = statusCode === 504
          ? [504, 'upstream_timeout', 'DB-GPT did not answer in time'] as const
          : [502, 'upstream_unavailable', 'DB-GPT cannot be reached'] as const
        reply.send(faultBody(reply.request as FastifyRequest, reply as never, status, code, message))
      }
    },
    wsClientOptions: wsClientOptions as object
  })
  app.addHook('onClose', async () => { await agent.destroy() })
}

/** Says who calls in the gateway's words alone; the caller's credentials stay here. */
function rewrite (
  request: FastifyRequest, headers: IncomingHttpHeaders, { upstreamKey, cookieNames, users, badge }: ProxyOptions
): IncomingHttpHeaders {
  const sent: IncomingHttpHeaders = {}
  for (const [name, value] of Object.entries(headers)) if (!OURS.test(name) && !CONNECTION.test(name)) sent[name] = value
  delete sent.authorization
  delete sent.forwarded
  if (upstreamKey !== '') sent.authorization = `Bearer ${upstreamKey}`
  const cookie = withoutCookies(sent.cookie, cookieNames)
  delete sent.cookie
  if (cookie !== '') sent.cookie = cookie
  // Nothing can be added to a page that is compressed.
  if (badge && isForPage(request)) sent['accept-encoding'] = 'identity'
  // Of the body that the caller sent.
  if (request.bodyAsUser !== undefined) delete sent['transfer-encoding']
  sent['x-forwarded-for'] = request.ips?.toReversed().join(', ') ?? request.ip
  sent['x-forwarded-host'] = request.host
  sent['x-forwarded-proto'] = request.protocol
  sent['x-real-ip'] = request.ip
  const { apiKey } = request
  if (apiKey !== null) {
    if (users) {
      for (const name of Object.keys(sent)) if (USER_HEADER.test(name)) delete sent[name]
      sent['user-id'] = userOf(apiKey)
    }
    sent['x-dbgpt-key-id'] = apiKey.id
    if (apiKey.name !== undefined) sent['x-dbgpt-key-name'] = encodeURIComponent(Buffer.from(apiKey.name).toString())
  }
  return sent
}

function withoutCookies (header: string | undefined, names: readonly string[]): string {
  return (header ?? '').split(';').map(pair => pair.trim())
    .filter(pair => pair !== '' && !names.includes(pair.slice(0, pair.indexOf('=')).trim()))
    .join('; ')
}
