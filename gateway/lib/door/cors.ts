import type { FastifyInstance } from 'fastify'
import { faultBody } from '../answers/answer.ts'

const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s]+$/

/**
 * Returns the origins whose pages may call.
 *
 * @param setting - `CORS_ORIGINS`
 */
export function corsOriginsOf (setting: string): readonly string[] {
  return setting.split(',').map(origin => origin.trim().toLowerCase()).filter(origin => origin !== '')
}

/** Tells whether what stands for an origin is one, or `*`. */
export function isCorsOrigin (origin: string): boolean {
  return origin === '*' || ORIGIN.test(origin)
}

/**
 * Lets pages of other origins call with a key. A cookie is of no use to them: browsers show a page no answer to a
 * request with one that does not name credentials (https://fetch.spec.whatwg.org/#cors-check).
 *
 * @param app - the gateway
 * @param origins - whose pages; `*`, anybody's
 */
export function registerCors (app: FastifyInstance, origins: readonly string[]): void {
  const isAllowed = (origin: string): boolean => origins.includes('*') || origins.includes(origin.toLowerCase())

  app.addHook('onRequest', async (request, reply) => {
    const { method, ip, headers } = request
    const { origin, 'access-control-request-method': asked, 'access-control-request-headers': names = '' } = headers
    if (method !== 'OPTIONS' || origin === undefined || asked === undefined) return
    if (!isAllowed(origin)) {
      request.log.info({ origin, ip }, 'A CORS preflight was refused: to let pages of this origin call, name it in CORS_ORIGINS')
      return reply.send(faultBody(request, reply, 403, 'cross_origin', 'Pages of this origin may not call'))
    }
    reply.headers({ 'access-control-allow-methods': asked, 'access-control-max-age': 600 })
    if (names !== '') reply.header('access-control-allow-headers', names)
    return reply.code(204).send()
  })

  if (origins.length === 0) return
  app.addHook('onSend', async (request, reply) => {
    const { origin } = request.headers
    const vary = String(reply.getHeader('vary') ?? '')
    reply.header('vary', vary === '' ? 'Origin' : `${vary}, Origin`)
    if (origin === undefined || !isAllowed(origin)) return
    reply.header('access-control-allow-origin', origin)
    reply.header('access-control-expose-headers', 'WWW-Authenticate, Retry-After')
  })
}
