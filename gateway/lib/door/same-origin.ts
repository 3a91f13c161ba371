import type { FastifyRequest } from 'fastify'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Tells whether a request may use the cookie that it came with: a page of another origin makes browsers send it, too.
 *
 * @param request - the request
 * @param isForm - whether it is for the gateway's own forms, which another page must not send at all
 */
export function isAllowedOrigin (request: FastifyRequest, isForm: boolean): boolean {
  const { method, headers, protocol, host } = request
  if (!isForm && SAFE.has(method) && request.raw.headers.upgrade === undefined) return true
  const { origin, cookie, 'sec-fetch-site': site } = headers
  // A Bearer key is sent by programs, and by no page that does not have the key.
  if (!isForm && (cookie === undefined || hasBearer(request))) return true
  if (origin === undefined && site === undefined) return cookie === undefined
  // No page can forge what its browser says of it; where that is missing, as on plain HTTP, the origin must do.
  if (site === undefined) return origin === `${protocol}://${host}`
  const isOwn = origin === undefined || origin === 'null' || /^https?:\/\/(.*)$/.exec(origin)?.[1] === host
  return site === 'same-origin' && isOwn
}

/**
 * Tells whether a request brings a Bearer key: then its cookie does not count.
 *
 * @param request - the request
 */
export function hasBearer ({ headers: { authorization = '' } }: FastifyRequest): boolean {
  return /^bearer /i.test(authorization)
}

/**
 * Tells whether a page of this host sends a request, for somebody with a session or without.
 *
 * @param request - the request
 */
export function isOwnPage (request: FastifyRequest): boolean {
  const { headers: { referer, 'sec-fetch-site': site }, protocol, host } = request
  // On plain HTTP browsers say no more than the address of the page.
  const isOwn = site === undefined ? referer?.startsWith(`${protocol}://${host}/`) === true : site === 'same-origin'
  return isOwn && !hasBearer(request)
}

/**
 * Says in the log why a request was refused for its origin, and what to set if it is the gateway's own.
 *
 * @param request - the request
 */
export function logForeignOrigin (request: FastifyRequest): void {
  const { ip, protocol, host, headers: { origin, 'sec-fetch-site': site } } = request
  request.log.info({ origin, site, expected: `${protocol}://${host}`, ip }, 'A request with a session came from another origin. ' +
    'If that is the gateway\'s own, its proxy must hand on Host and X-Forwarded-Proto, and TRUST_PROXY must name the proxy')
}
