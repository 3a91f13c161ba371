import { randomBytes } from 'node:crypto'
import Fastify, {
  type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest, type FastifyServerOptions
} from 'fastify'
import dbgptAuth, { type DbgptAuthOptions } from 'fastify-dbgpt-auth'
import { faultBody, isRead, readerOf } from './answers/answer.ts'
import { LANGUAGE_COOKIE, noticeOf } from './answers/notice.ts'
import { type Attempts, createAttempts } from './door/attempts.ts'
import { badgeRoutes } from './proxy/badge.ts'
import { corsOriginsOf, registerCors } from './door/cors.ts'
import { limitConnections } from './door/descriptors.ts'
import { watchDoor } from './door/door.ts'
import { watchForwarded } from './door/forwarded.ts'
import { healthRoutes } from './health.ts'
import { takeKeyHeader } from './door/key-header.ts'
import { loginRoutes } from './login/login.ts'
import { registerProxy } from './proxy/proxy.ts'
import { hasBearer, isAllowedOrigin, isOwnPage, logForeignOrigin } from './door/same-origin.ts'
import { COOKIE, endSession, registerSessions, TLS_COOKIE } from './sessions/cookie.ts'
import { UNAVAILABLE } from './sessions/sessions.ts'
import { type Settings, trustProxyOf } from './settings.ts'
import { watchShutdown } from './shutdown.ts'
import { watchStreams } from './streams.ts'

export interface GatewayOptions {
  readonly settings: Settings
  /** DB-GPT's address. */
  readonly upstream: string
  /** The plugin's options, for those who do without its variables. */
  readonly auth?: DbgptAuthOptions
  readonly logger?: FastifyServerOptions['logger']
  /** How long DB-GPT may take until it begins to answer. @defaultValue 5 minutes */
  readonly upstreamTimeoutMs?: number
  /** How often the keys of open streams are looked at. @defaultValue 30 seconds */
  readonly streamCheckMs?: number
  /** How often their sessions are. @defaultValue half a second */
  readonly sessionCheckMs?: number
  /** How long requests may go on at the end. @defaultValue 10 seconds */
  readonly closeGraceMs?: number
  /** How many refused keys a minute an address is told of. @defaultValue 10 */
  readonly maxAttempts?: number
  /** How many file descriptors the process may have. @defaultValue what the system says */
  readonly descriptors?: number
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Why the plugin has refused the request. */
    rejection: string | undefined
  }
}

const FORMS = new Set<string | undefined>(['/login', '/logout'])

/** Builds the gateway: API keys in front of a DB-GPT, and a login for the people who use its pages. */
export async function buildGateway (options: GatewayOptions): Promise<FastifyInstance> {
  const { settings, upstream, auth, logger = false } = options
  const app = Fastify({
    logger,
    trustProxy: trustProxyOf(settings.TRUST_PROXY),
    // Long enough for a large upload over a slow line; that headers come in time, Node sees to.
    requestTimeout: 3_600_000,
    routerOptions: { maxParamLength: 16_384 }
  })
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const status = error.statusCode ?? 500
    // Their store has said why, once.
    if (error.code === UNAVAILABLE) return reply.header('retry-after', 1).send(faultBody(request, reply, status, error.code, error.message))
    if (status >= 500) request.log.error({ err: error }, 'The gateway has failed')
    const message = status < 500 ? error.message : 'The gateway has failed'
    return reply.send(faultBody(request, reply, status, status < 500 ? 'bad_request' : 'internal_error', message))
  })
  limitConnections(app, options.descriptors)
  watchDoor(app)
  app.addHook('onRequest', async (request, reply) => {
    // No path of this host: what a proxy is asked, which this is not.
    if (!request.url.startsWith('/')) return reply.send(faultBody(request, reply, 400, 'bad_request', 'The target must be a path'))
  })
  watchForwarded(app)
  takeKeyHeader(app, settings.KEY_HEADER, [COOKIE, TLS_COOKIE])
  registerCors(app, corsOriginsOf(settings.CORS_ORIGINS))
  app.decorateRequest('rejection', undefined)
  app.decorateRequest('typedKey', undefined)
  const attempts = await createAttempts(app, { max: options.maxAttempts ?? 10, redisUrl: settings.API_KEYS_REDIS_URL })
  app.addHook('onSend', async (request, reply, payload) => await refusal(request, reply, payload, attempts))
  await registerSessions(app, {
    secret: settings.SESSION_SECRET === '' ? randomBytes(32).toString('hex') : settings.SESSION_SECRET,
    redisUrl: settings.API_KEYS_REDIS_URL
  })
  app.addHook('onRequest', async (request, reply) => {
    if (isForm(request) || isAllowedOrigin(request, false)) return
    logForeignOrigin(request)
    const message = 'A request with a session must come from a page of this host'
    return reply.send(faultBody(request, reply, 403, 'cross_origin', message))
  })
  const explain = auth?.explain ?? settings.API_AUTH_EXPLAIN !== 'off'
  const hasNotices = explain && auth?.message === undefined
  await app.register(dbgptAuth, {
    ...auth,
    explain,
    getKey: request => {
      if (request.typedKey !== undefined) return request.typedKey
      const digest = request.session?.digest
      return digest === undefined ? undefined : { digest }
    },
    errorFormat: (info, request) => {
      request.rejection = info.reason
      if (readerOf(request) === 'openai') return 'openai'
      return hasNotices && isOwnPage(request) ? noticeOf(request, info) : 'dbgpt'
    }
  })
  app.addHook('onRequest', async (request, reply) => {
    const { apiKey } = request
    if (apiKey !== null) request.log = reply.log = request.log.child({ keyId: apiKey.id, keyName: apiKey.name })
  })
  watchStreams(app, { keysEveryMs: options.streamCheckMs ?? 30_000, sessionsEveryMs: options.sessionCheckMs ?? 500 })
  watchShutdown(app, options.closeGraceMs ?? 10_000)
  await app.register(async scope => {
    scope.addHook('onRoute', route => { route.config = { ...route.config, apiKey: false } })
    await scope.register(healthRoutes)
    await scope.register(badgeRoutes)
    await scope.register(async own => await loginRoutes(own, { attempts }))
  })
  await registerProxy(app, {
    upstream,
    upstreamKey: settings.DBGPT_API_KEY,
    timeoutMs: options.upstreamTimeoutMs ?? 300_000,
    cookieNames: [COOKIE, TLS_COOKIE, LANGUAGE_COOKIE],
    users: settings.DBGPT_USERS === 'on',
    badge: settings.GATEWAY_BADGE === 'on'
  })
  return app
}

/** The gateway's own forms look at where they were sent from themselves, and say so on their page. */
function isForm (request: FastifyRequest): boolean {
  return request.method === 'POST' && FORMS.has(request.routeOptions.url)
}

/** Turns the plugin's refusal into what its reader needs: a person, the login; who has tried too often, 429. */
async function refusal (
  request: FastifyRequest, reply: FastifyReply, payload: unknown, attempts: Attempts
): Promise<unknown> {
  const { rejection } = request
  // A page that a session was shown is not to come back from the browser's memory once the session has ended.
  const isPerson = readerOf(request) === 'person'
  if (request.session !== null && isPerson) reply.header('cache-control', 'no-store')
  if (rejection === 'unavailable' && isPerson) return faultBody(request, reply, 503, 'key_store_unavailable', 'Keys cannot be checked')
  if (rejection === undefined || rejection === 'unavailable') return payload
  if (rejection === 'scope') return isPerson ? faultBody(request, reply, 403, 'insufficient_scope', 'The key lacks a scope') : payload
  // The key that the session was begun with is gone: so is the session, at once or with the next request.
  if (request.session !== null) await endSession(request, reply).catch(() => {})
  // A session whose key is gone is nobody's guess, and an office full of them is no attack.
  const wait = rejection === 'missing' || !hasBearer(request) ? 0 : await attempts.count(request)
  if (wait > 0) {
    reply.removeHeader('www-authenticate')
    reply.header('retry-after', wait)
    return faultBody(request, reply, 429, 'rate_limit_exceeded', 'Too many keys from this address were refused, try again later')
  }
  if (!isPerson) return payload
  reply.removeHeader('www-authenticate')
  // What a form was sent to is no page to go on to.
  const next = isRead(request.method) ? request.url : '/'
  reply.code(isRead(request.method) ? 302 : 303).header('location', `/login?next=${encodeURIComponent(next)}`)
  return ''
}
