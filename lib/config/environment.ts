import fastifyEnv from '@fastify/env'
import type { FastifyInstance } from 'fastify'
import { FST_DBGPT_AUTH_ENVIRONMENT } from '../errors.ts'
import type { DbgptAuthOptions } from '../types.ts'
import { type Environment, pickSet, readDotenv, VARIABLES } from './variables.ts'

const CONFIG_KEY = 'dbgptAuthEnvironment'
const SCHEMA = {
  type: 'object',
  properties: {
    ...Object.fromEntries(VARIABLES.map(name => [name, { type: 'string' }])),
    API_AUTH: { enum: ['auto', 'on', 'off'] }
  }
}

/**
 * Reads the variables by way of `@fastify/env`, in a context of its own: the host app notices nothing of it.
 *
 * @param env - what to read in place of `process.env` and `.env`
 * @throws `FST_DBGPT_AUTH_ENVIRONMENT`
 */
export async function readEnvironment (fastify: FastifyInstance, env: DbgptAuthOptions['env']): Promise<Environment> {
  const data = env === undefined ? pickSet(process.env, readDotenv()) : pickSet(env)
  let environment: Environment = {}
  await fastify.register(async scope => {
    try {
      await scope.register(fastifyEnv, { confKey: CONFIG_KEY, schema: SCHEMA, data, env: false })
    } catch {
      // Any other variable may be any string.
      throw new FST_DBGPT_AUTH_ENVIRONMENT('API_AUTH must be auto, on or off')
    }
    const read = scope.getDecorator<Record<string, string>>(CONFIG_KEY)
    environment = { ...read }
    // Fastify keeps the context, which must not keep the keys.
    for (const name of VARIABLES) delete read[name]
  })
  return environment
}
