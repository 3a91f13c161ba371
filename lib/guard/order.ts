import type { FastifyInstance, FastifyRequest } from 'fastify'

const CORS_PLUGIN = '@fastify/cors'
const FIX = `register ${CORS_PLUGIN} before fastify-dbgpt-auth, so that browsers can read the answers`

/** Warns at start-up if CORS is registered after the guard. */
export function watchCorsOrder (fastify: FastifyInstance): void {
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
