import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { hasBearer } from '../door/same-origin.ts'
import { MemorySessions } from './memory.ts'
import { RedisSessions } from './redis.ts'
import { LIFE_MS, type SessionStore } from './store.ts'
import { SAVE_MS, type Session, Sessions } from './sessions.ts'

/** The session's cookie; under TLS, browsers take it from this host alone and send it under TLS alone (RFC 6265bis). */
export const COOKIE = 'dbgpt-session'
export const TLS_COOKIE = `__Host-${COOKIE}`

declare module 'fastify' {
  interface FastifyInstance {
    sessions: Sessions
  }
  interface FastifyRequest {
    /** The session that the request came with; null without one, and with a Bearer key, as it does not count then. */
    session: Session | null
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
  const store: SessionStore = redisUrl === '' ? new MemorySessions() : new RedisSessions(redisUrl, app.log)
  await store.open?.()
  const sessions = new Sessions(store)
  const sweeper = setInterval(() => sessions.sweep(), SAVE_MS).unref()
  app.addHook('onClose', async () => {
    clearInterval(sweeper)
    store.close?.()
  })
  await app.register(cookie, { secret })
  app.decorate('sessions', sessions)
  app.decorateRequest('session', null)
  app.addHook('onRequest', async request => {
    const signed = request.cookies[cookieName(request)]
    if (signed === undefined || hasBearer(request)) return
    const { valid, value } = app.unsignCookie(signed)
    request.session = valid ? await sessions.find(value) ?? null : null
    if (request.session !== null) sessions.use(request.session)
  })
}

/**
 * Begins a session in place of the one that the request came with.
 *
 * @param digest - of the key that it is begun with
 */
export async function beginSession (request: FastifyRequest, reply: FastifyReply, digest: string): Promise<void> {
  const { sessions } = request.server
  const id = await sessions.begin(digest)
  if (request.session !== null) await sessions.end(request.session.id)
  // For as long as a session can live. What it is worth is known here alone: no other answer has to set a cookie,
  // which one that comes late would set over a newer one.
  reply.setCookie(cookieName(request), reply.signCookie(id), { ...attributes(request), maxAge: LIFE_MS / 1000 })
}

/** Ends the session that the request came with, and clears its cookie. */
export async function endSession (request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (request.session !== null) await request.server.sessions.end(request.session.id)
  request.session = null
  // Browsers want Secure with the prefix of TLS, also to clear it.
  reply.clearCookie(cookieName(request), attributes(request))
}

/** Returns when the session or the key of a request that was let in ends at the latest; undefined, never. */
export function endOf ({ apiKey, session }: FastifyRequest): Date | undefined {
  const ends = [apiKey?.expiresAt?.getTime(), session === null ? undefined : session.since + LIFE_MS]
  const first = Math.min(...ends.filter(end => end !== undefined))
  return Number.isFinite(first) ? new Date(first) : undefined
}

function cookieName ({ protocol }: FastifyRequest): string {
  return protocol === 'https' ? TLS_COOKIE : COOKIE
}

function attributes ({ protocol }: FastifyRequest) {
  return { path: '/', httpOnly: true, sameSite: 'lax', secure: protocol === 'https' } as const
}
