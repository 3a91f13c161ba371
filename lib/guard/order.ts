import type { FastifyInstance, FastifyRequest } from 'fastify'

const CORS_PLUGIN = '@fastify/cors'
const FIX = `register ${CORS_PLUGIN} before fastify-dbgpt-auth, so that browsers can read the answers`
// They run what they serve in an onRequest hook of their own.
const MIDDLEWARE_PLUGINS = ['@fastify/middie', '@fastify/express']

/** Warns at start-up of plugins that are registered on the wrong side of the guard. */
export function watchOrder (fastify: FastifyInstance): void {
  for (const name of MIDDLEWARE_PLUGINS.filter(name => fastify.hasPlugin(name))) {
    fastify.log.warn(`Middleware of ${name} is not guarded: register fastify-dbgpt-auth before ${name}`)
  }
  if (fastify.hasPlugin(CORS_PLUGIN)) return
  fastify.addHook('onReady', done => {
    if (fastify.hasPlugin(CORS_PLUGIN)) fastify.log.warn(`CORS preflights will be refused: ${FIX}`)
    done()
  })
}

/** Builds what looks at rejected requests and warns of the first CORS preflight among them. */
export function buildPreflightWarning (fastify: FastifyInstance): (request: FastifyRequest) => void {
  let warned = false
  return function warnOfPreflight (request) {
    if (warned || request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return
    warned = true
    fastify.log.warn(`A CORS preflight was refused: ${FIX}`)
  }
}
