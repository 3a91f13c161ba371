import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { readEnvironment } from './config/environment.ts'
import { readOptions } from './config/options.ts'
import { resolveSettings } from './config/settings.ts'
import { buildAnswers } from './guard/answer.ts'
import { buildGuard, routePolicy } from './guard/guard.ts'
import { claimScope } from './guard/nesting.ts'
import { watchCorsOrder } from './guard/order.ts'
import { buildHandOver, buildReject } from './guard/reject.ts'
import { closeStore, openStore } from './stores/shared.ts'
import type { DbgptAuthOptions, VerifyApiKey } from './types.ts'

const plugin: FastifyPluginAsync<DbgptAuthOptions> = async (fastify, given) => {
  const options = readOptions(given)
  claimScope(fastify)
  const settings = resolveSettings(options, await readEnvironment(fastify, options.env), fastify.log)
  const { store } = settings
  fastify.decorate('apiKeys', store)
  fastify.decorateRequest('apiKey', null)
  if (!settings.on) {
    const check = options.addHook ? '' : ' and fastify.verifyApiKey passes every request'
    fastify.log.warn(`API key authentication is off${check}: ${settings.why}`)
    fastify.decorate('verifyApiKey', (_request, _reply, done) => { done() })
    return
  }
  fastify.log.info({ source: settings.source }, 'API key authentication is on')
  await openStore(store, fastify.log)
  fastify.addHook('onClose', async () => { await closeStore(store) })

  const answers = buildAnswers(options.realm, options.message)
  // What differs between the servers of HTTP/1 and HTTP/2 is not looked at.
  fastify.decorate('verifyApiKey', buildGuard(store, options.getKey, () => true, buildHandOver(answers)) as VerifyApiKey)
  if (!options.addHook) return
  watchCorsOrder(fastify)
  const reject = buildReject(fastify, answers, options.errorFormat, options.logLevel)
  fastify.addHook('onRequest', buildGuard(store, options.getKey, routePolicy, reject))
}

/**
 * Guards the scope that it is registered on by API keys: registered at the root, every route.
 *
 * @example
 * const app = Fastify()
 * await app.register(dbgptAuth) // keys come from API_KEYS
 */
export const dbgptAuth: FastifyPluginAsync<DbgptAuthOptions> = fp(plugin, {
  fastify: '>=5.3.0 <6', name: 'fastify-dbgpt-auth'
})
