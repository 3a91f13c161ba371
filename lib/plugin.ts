import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { announce } from './config/announce.ts'
import { readEnvironment } from './config/environment.ts'
import { DEFAULTS, type Options, readOptions } from './config/options.ts'
import { resolveSettings } from './config/settings.ts'
import { buildAnswers } from './guard/answer.ts'
import { buildCheck } from './guard/check.ts'
import { buildReadCredentials } from './guard/credentials.ts'
import { buildGuard, letAllIn, refuseAll, routePolicy, verificationPolicy } from './guard/guard.ts'
import { claimScope } from './guard/nesting.ts'
import { watchOrder } from './guard/order.ts'
import { buildHandOver, buildReject } from './guard/reject.ts'
import { watchRoutes } from './guard/scopes.ts'
import { closeStore, openStore } from './stores/shared.ts'
import type { ApiKey, DbgptAuthOptions, KeyStore, RegisteredKeyStore, VerifyApiKey } from './types.ts'

const plugin: FastifyPluginAsync<DbgptAuthOptions> = async (fastify, given) => {
  // The guard stands before anything can fail: an app that swallows the error would serve openly.
  const addHook = !Object.hasOwn(given, 'addHook') || given.addHook !== false
  const { reject, handOver } = buildRejects(fastify, { ...DEFAULTS, message: undefined })
  const [rules, verification] = [refuseAll(reject), refuseAll(handOver)]
  // Fastify adds a hook only after what is under way, and not at all once that has failed.
  if (addHook) await fastify.addHook('onRequest', buildGuard(rules)).after()
  const isInner = claimScope(fastify, addHook)
  if (!isInner || !fastify.hasRequestDecorator('apiKey')) fastify.decorateRequest('apiKey', null)
  // What differs between the servers of HTTP/1 and HTTP/2 is not looked at.
  fastify.decorate('verifyApiKey', buildGuard(verification) as VerifyApiKey)
  watchRoutes(fastify)

  const options = readOptions(given)
  const refuseAs = (isExplained = false): void => {
    const rejects = buildRejects(fastify, options, isExplained)
    Object.assign(rules, { reject: rejects.reject })
    Object.assign(verification, { reject: rejects.handOver })
  }
  refuseAs(options.explain)
  const settings = resolveSettings(options, await readEnvironment(fastify, options.env), fastify.log)
  const { store } = settings
  fastify.decorate('apiKeys', store as RegisteredKeyStore)
  if (!settings.on) {
    announce(settings, options, fastify.log)
    for (const each of [rules, verification]) Object.assign(each, letAllIn)
    return
  }
  refuseAs(settings.explain)
  await openStore(store, fastify.log, fastify.initialConfig.pluginTimeout)
  fastify.addHook('onClose', async () => { await closeStore(store, fastify.log) })
  announce(settings, options, fastify.log)
  const [readCredentials, check] = [buildReadCredentials(options.getKey), buildCheck(store)]
  const count = settings.usage ? buildCount(fastify, store) : undefined
  Object.assign(verification, { policyOf: verificationPolicy, readCredentials, check, count })
  Object.assign(rules, { policyOf: routePolicy, readCredentials, check, count })
  if (addHook) watchOrder(fastify)
}

/** What an application's own store throws, now or by a promise that nobody was to make, must not end the process. */
function buildCount (fastify: FastifyInstance, store: KeyStore): (key: ApiKey) => void {
  return key => {
    const tell = (err: unknown): void => { fastify.log.error({ err, keyId: key.id }, 'The key store could not count a use') }
    try {
      const counted: unknown = store.countUse?.(key)
      if (counted !== undefined) Promise.resolve(counted).catch(tell)
    } catch (err) {
      tell(err)
    }
  }
}

function buildRejects (fastify: FastifyInstance, options: Pick<Options, keyof typeof DEFAULTS | 'message'>, isExplained = false) {
  const { realm, message, errorFormat, logLevel } = options
  const answers = buildAnswers(realm, message, isExplained)
  const reject = buildReject(fastify, answers, errorFormat, logLevel)
  return { reject, handOver: buildHandOver(answers, reject, isExplained) }
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
