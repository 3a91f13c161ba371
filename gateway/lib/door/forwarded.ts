import type { FastifyInstance, FastifyRequest } from 'fastify'

/**
 * Says once that somebody whose word is not taken says who the client is: a proxy that TRUST_PROXY does not name.
 *
 * @param app - the gateway
 */
export function watchForwarded (app: FastifyInstance): void {
  let said = false
  app.addHook('onRequest', async request => {
    if (said || isBelieved(request)) return
    said = true
    const ip = request.ip.replace(/^::ffff:/, '')
    request.log.warn({ ip }, `X-Forwarded-* of ${ip} is not believed. If that is your proxy, set TRUST_PROXY=${ip}: without it ` +
      'all its clients share one limit on guesses, forms sent over TLS are refused, and the cookie is not bound to TLS')
  })
}

function isBelieved ({ headers, ip, ips = [ip], host, protocol }: FastifyRequest): boolean {
  const last = (name: string): string | undefined => headers[name] === undefined ? undefined : String(headers[name]).split(',').at(-1)?.trim()
  if (headers['x-forwarded-for'] !== undefined) return ips.length > 1
  return (last('x-forwarded-host') ?? host) === host && (last('x-forwarded-proto') ?? protocol) === protocol
}
