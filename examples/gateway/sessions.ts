import cookie from '@fastify/cookie'
import session from '@fastify/session'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { hasBearer } from './same-origin.ts'
import { type SessionStore, sessionStore } from './session-store.ts'

const HOUR_MS = 3_600_000
/** How long a session lives without being used, and at most. */
export const IDLE_MS = 12 * HOUR_MS
const LIFE_MS = 7 * 24 * HOUR_MS

/** The session's cookie; under TLS, browsers take it from this host alone and send it under TLS alone (RFC 6265bis). */
export const COOKIE = 'dbgpt-session'
export const TLS_COOKIE = `__Host-${COOKIE}`

declare module 'fastify' {
  interface Session {
    /** The digest of the key that was given at the login, never the key. */
    digest?: string
    /** When that was, milliseconds since the epoch. */
    since?: number
  }
}

export interface SessionOptions {
  readonly secret: string
  /** A Redis for the sessions of a fleet; blank, they are kept in memory. */
  readonly redisUrl: string
}

/**
 * Gives each request its session.
 *
 * @param app - the gateway
 * @param options - how they are signed and kept
 */
export async function registerSessions (app: FastifyInstance, { secret, redisUrl }: SessionOptions): Promise<void> {
  // Within, the cookie has one name; the prefix is put on and taken off here.
  app.addHook('onRequest', async request => {
    // With a Bearer key the session does not count, and is not looked up.
    const name = hasBearer(request) ? undefined : request.protocol === 'https' ? TLS_COOKIE : COOKIE
    const header = request.headers.cookie
    if (header !== undefined) request.headers.cookie = renameCookie(header, name)
  })
  const store: SessionStore = sessionStore(redisUrl, app.log)
  app.addHook('onClose', async () => { store.close() })
  await app.register(cookie)
  await app.register(session, {
    secret,
    store,
    cookieName: COOKIE,
    saveUninitialized: false,
    rolling: true,
    cookie: { path: '/', httpOnly: true, sameSite: 'lax', secure: 'auto', maxAge: IDLE_MS }
  })
  // After the session's own, which sets the cookie. Browsers want Secure with this prefix, also to clear it.
  app.addHook('onSend', async (request, reply) => {
    const cookies = reply.getHeader('set-cookie')
    if (cookies === undefined || request.protocol !== 'https') return
    reply.removeHeader('set-cookie')
    for (const each of [cookies].flat()) reply.header('set-cookie', underTls(String(each)))
  })
}

function underTls (cookie: string): string {
  if (!cookie.startsWith(`${COOKIE}=`)) return cookie
  return `__Host-${cookie}${/; *secure/i.test(cookie) ? '' : '; Secure'}`
}

/** Drops what comes under our name by a wrong way, and gives the right one the name that it has within. */
function renameCookie (header: string, name: string | undefined): string {
  return header.split(';').map(pair => pair.trim()).flatMap(pair => {
    const own = pair.split('=', 1)[0]?.trim() ?? ''
    if (own !== COOKIE && own !== TLS_COOKIE) return [pair]
    return own === name ? [`${COOKIE}${pair.slice(pair.indexOf('='))}`] : []
  }).join('; ')
}

/**
 * Returns the digest of the key that a session was begun with; undefined if there is no session, or it does not count.
 *
 * @param request - the request
 */
export function sessionDigest (request: FastifyRequest): string | undefined {
  const { digest, since = 0 } = request.session ?? {}
  return digest === undefined || hasBearer(request) || Date.now() - since > LIFE_MS ? undefined : digest
}

/**
 * Returns when a session, or the key of a request, ends at the latest; undefined, never.
 *
 * @param request - the request, which has been let in
 */
export function endOf (request: FastifyRequest): Date | undefined {
  const ends = [request.apiKey?.expiresAt?.getTime(), sessionDigest(request) && (request.session.since ?? 0) + LIFE_MS]
  const first = Math.min(...ends.filter(end => typeof end === 'number'))
  return Number.isFinite(first) ? new Date(first) : undefined
}
