import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import httpProxy from '@fastify/http-proxy'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Agent, type Dispatcher } from 'undici'
import { isForPage, withBadge } from './badge.ts'
import { answerFailure, answerHeaders, answerUnauthorized, CONNECTION } from './upstream-answer.ts'
import { SCOPE } from '../scope.ts'
import { userOf } from '../users/user.ts'
import { speakAsUser, USER_HEADER } from '../users/users.ts'
import { type OpenTunnel, registerTunnels } from './websocket.ts'

/** Everything about the caller's identity that the gateway itself says; proxies of CGI's kind take `_` for `-`. */
const OURS = /^x[-_](dbgpt[-_]key[-_]|forwarded[-_]|real[-_]ip$)/
/** What frames a body, of which a WebSocket's handshake has none, and what its answer is framed by anew. */
const FRAMING = /^(transfer-encoding|content-length)$/

type Answered = Pick<Dispatcher.ResponseData, 'headers' | 'statusCode'> & { readonly stream: Readable }
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
  // A caller that goes away while DB-GPT still thinks takes its request along, and nobody is left to be answered.
  const callers = new AsyncLocalStorage<FastifyReply>()
  const request = (sent: Dispatcher.RequestOptions, done: Done): void => {
    const { raw, request: { socket } } = callers.getStore() as FastifyReply
    const gone = new AbortController()
    raw.once('close', () => gone.abort())
    agent.request({ ...sent, signal: gone.signal }, (error, data) => {
      if (error === null || !socket.destroyed) done(error, data)
    })
  }
  app.addHook('onRoute', route => { route.config = { ...route.config, apiKey: { scopes: [SCOPE] } } })
  const openTunnel = registerTunnels(app)
  app.decorateRequest('bodyAsUser', undefined)
  // Fastify's own parser would make a string of it, of limited length.
  app.removeContentTypeParser('text/plain')
  await app.register(httpProxy, {
    upstream,
    ...options.users ? { preHandler: speakAsUser() } : {},
    undici: { request, headersTimeout: timeoutMs, bodyTimeout: 0 } as never,
    disableCache: true,
    retryMethods: [],
    disableRequestLogging: true,
    handler: (request: FastifyRequest, reply, destination, fromOptions) => {
      const isUpgrade = request.raw.headers.upgrade !== undefined
      if (isUpgrade) return handOnUpgrade(openTunnel, request, reply as never, destination, options)
      return callers.run(reply as never, () => reply.from(destination, { ...fromOptions, ...request.bodyAsUser }))
    },
    replyOptions: {
      rewriteRequestHeaders: (request, headers) => rewrite(request as FastifyRequest, headers, options),
      rewriteHeaders: headers => answerHeaders(headers as IncomingHttpHeaders, upstream) as never,
      onResponse: (request, reply, response) => {
        const { stream: answer, headers, statusCode } = response as unknown as Answered
        if (statusCode === 401) {
          answer.on('error', () => {}).destroy()
          for (const name of Object.keys(headers)) reply.removeHeader(name)
          answerUnauthorized(request as FastifyRequest, reply as never, options.upstreamKey)
          return
        }
        const stream = options.badge ? withBadge(request as FastifyRequest, reply as FastifyReply, answer) : answer
        // The head alone must not wait for the first of the body, which may take its time.
        stream.once('resume', () => { if (!reply.raw.headersSent && !reply.raw.destroyed) (reply.raw as ServerResponse).flushHeaders() })
        reply.send(stream)
      },
      onError: (reply, { error }) => {
        const { statusCode } = error as Error & { statusCode?: number }
        answerFailure(reply.request as FastifyRequest, reply as never, statusCode === 504)
      }
    }
  })
  app.addHook('onClose', async () => { await agent.destroy() })
}

/** Hands on a WebSocket's handshake, and DB-GPT's answer to it. */
function handOnUpgrade (
  openTunnel: OpenTunnel, request: FastifyRequest, reply: FastifyReply, destination: string, options: ProxyOptions
): FastifyReply {
  const { upstream, timeoutMs } = options
  const url = new URL(destination, upstream)
  url.search = new URL(request.url, upstream).search
  const kept = Object.entries(request.headers).filter(([name]) => !FRAMING.test(name))
  openTunnel(request, reply, {
    url,
    headers: rewrite(request, Object.fromEntries(kept), options),
    timeoutMs: Math.min(10_000, timeoutMs),
    onError: (err, isLate) => {
      request.log.warn({ err }, 'DB-GPT has not answered a WebSocket')
      answerFailure(request, reply, isLate)
    },
    onResponse: answer => {
      if (answer.statusCode === 401) {
        answer.destroy()
        answerUnauthorized(request, reply, options.upstreamKey)
        return
      }
      const headers = Object.entries(answerHeaders(answer.headers, upstream)).filter(([name]) => !FRAMING.test(name))
      reply.code(answer.statusCode as number).headers(Object.fromEntries(headers)).send(answer)
    }
  })
  return reply
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
