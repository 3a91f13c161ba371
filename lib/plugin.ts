import fastifyEnv from '@fastify/env'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { buildCheck } from './guard/check.ts'
import { ENVIRONMENT_VARIABLES, type Environment, environmentSchema, resolveSettings } from './config/settings.ts'
import { watchCorsOrder } from './guard/order.ts'
import { FST_DBGPT_AUTH_ENVIRONMENT } from './errors.ts'
import { buildHook, buildVerify } from './guard/guard.ts'
import { trimBlanks } from './keys/key-list.ts'
import { claimScope } from './guard/nesting.ts'
import { checkOptions } from './config/options.ts'
import { buildRefuse } from './guard/reject.ts'
import { closeStore, openStore } from './stores/shared.ts'
import { MemoryKeyStore } from './stores/memory.ts'
import type { DbgptAuthOptions, KeyStore } from './types.ts'
import { prepareRefusals } from './guard/answer.ts'
import { summarize } from './keys/weak-key.ts'

const plugin: FastifyPluginAsync<DbgptAuthOptions> = async (fastify, options) => {
  checkOptions(options)
  claimScope(fastify)
  fastify.decorateRequest('apiKey', null)
  const settings = resolveSettings(options, await readEnvironment(fastify, options.env))
  if (!settings.on) return passEverything(fastify, options, settings.why)

  const { store, source, weaknesses } = settings
  fastify.log.info({ source }, 'API key authentication is on')
  if (weaknesses.length > 0) fastify.log.warn(`Weak API keys, fit for development only: ${summarize(weaknesses)}`)
  fastify.decorate('apiKeys', store)
  await openStore(store, fastify.log)
  fastify.addHook('onClose', async () => { await closeStore(store) })

  const check = buildCheck(store, options.getKey)
  const refusals = prepareRefusals(options.realm ?? 'DB-GPT', options.message ?? '')
  fastify.decorate('verifyApiKey', buildVerify(check, refusals))
  if (options.addHook === false) return
  watchCorsOrder(fastify)
  fastify.addHook('onRequest', buildHook(check, buildRefuse(fastify, refusals, options)))
}

/**
 * Guards the scope that it is registered on by API keys: registered at the root, every route.
 *
 * @example
 * const app = Fastify()
 * await app.register(dbgptAuth) // keys come from API_KEYS
 */
export const dbgptAuth: FastifyPluginAsync<DbgptAuthOptions> = fp(plugin, { fastify: '5.x', name: 'fastify-dbgpt-auth' })

function passEverything (fastify: FastifyInstance, { keys, addHook }: DbgptAuthOptions, why: string): void {
  const check = addHook === false ? ' and fastify.verifyApiKey passes every request' : ''
  fastify.log.warn(`API key authentication is off${check}: ${why}`)
  fastify.decorate('apiKeys', keys === undefined || Array.isArray(keys) ? new MemoryKeyStore() : keys as KeyStore)
  fastify.decorate('verifyApiKey', (_request, _reply, done) => { done() })
}

/** Reads the variables in a context of its own: the host app notices nothing of it. */
async function readEnvironment (fastify: FastifyInstance, env: DbgptAuthOptions['env']): Promise<Environment> {
  const data = pickSet(env ?? process.env)
  const confKey = 'dbgptAuthEnvironment'
  let environment: Environment = {}
  await fastify.register(async scope => {
    try {
      await scope.register(fastifyEnv, {
        confKey, schema: environmentSchema, data, env: false, dotenv: env === undefined
      })
    } catch (cause) {
      throw environmentError(cause)
    }
    const read = scope.getDecorator<Record<string, string>>(confKey)
    environment = { ...read }
    // Fastify keeps the context, which must not keep the keys.
    for (const name of ENVIRONMENT_VARIABLES) delete read[name]
  })
  return environment
}

/** Picks the variables that are set: a blank one in the process must not hide one in `.env`. */
function pickSet (variables: NonNullable<DbgptAuthOptions['env']>): Record<string, string> {
  const picked: Record<string, string> = {}
  for (const name of ENVIRONMENT_VARIABLES) {
    const value = variables[name]
    if (value !== undefined && trimBlanks(value) !== '') picked[name] = value
  }
  return picked
}

function environmentError (cause: unknown): Error {
  const { errors, message } = cause as Error & { errors?: unknown }
  // All but one of the variables may be any string.
  const problem = errors === undefined ? `.env cannot be read, ${message}` : 'API_AUTH must be auto, on or off'
  return new FST_DBGPT_AUTH_ENVIRONMENT(problem)
}
