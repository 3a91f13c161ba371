import type { FastifyInstance } from 'fastify'
import { FST_DBGPT_AUTH_ENVIRONMENT } from '../errors.ts'
import { trimBlanks } from '../keys/key-list.ts'
import { type DotenvRemark, readDotenv, type Variables } from './dotenv.ts'

/** The variables that name a source of keys. */
export const KEY_SOURCES = ['API_KEYS', 'API_KEYS_FILE', 'API_KEYS_REDIS_URL'] as const

/** All that are read. */
export const VARIABLES = [...KEY_SOURCES, 'API_AUTH', 'API_AUTH_EXPLAIN', 'API_KEYS_USAGE', 'NODE_ENV'] as const
/** Any other variable may be any string. */
const WORDS = { API_AUTH: ['auto', 'on', 'off'], API_AUTH_EXPLAIN: ['on', 'off'], API_KEYS_USAGE: ['on', 'off'] } as const
const SCHEMA = {
  type: 'object',
  properties: {
    ...Object.fromEntries(VARIABLES.map(name => [name, { type: 'string' }])),
    ...Object.fromEntries(Object.entries(WORDS).map(([name, words]) => [name, { enum: words }]))
  }
}
const CONFIG_KEY = 'dbgptAuthEnvironment'

/** The variables that are set, without blanks around their values. */
export type Environment = Readonly<Record<typeof VARIABLES[number], string | undefined>>

/** Names the sources of keys that an environment has: one of them is as it should be. */
export function sourcesOf (environment: Environment): (typeof KEY_SOURCES[number])[] {
  return KEY_SOURCES.filter(name => environment[name] !== undefined)
}

/** Where a variable is set. */
export type Origin = 'environment' | '.env'

/**
 * What is odd about the places that are read. `blank`: a variable is blank in the environment, and `.env` has it;
 * `differs`: both have it, with other values.
 */
export type Remark = DotenvRemark | { readonly kind: 'blank' | 'differs', readonly name: string }

/** What is set, where, and what is odd about it. */
export interface Reading {
  readonly environment: Environment
  readonly origins: Readonly<Partial<Record<keyof Environment, Origin>>>
  readonly remarks: readonly Remark[]
  /** All that `.env` sets. */
  readonly dotenv: Variables
}

/**
 * Reads the variables of an environment, and those that it does not set from `.env`.
 *
 * @throws `FST_DBGPT_AUTH_ENVIRONMENT`
 */
export function readPlaces (env: Variables): Reading {
  const { variables: dotenv, remarks: odd } = readDotenv(VARIABLES)
  const [own, written, environment] = [pickSet(env), pickSet(dotenv), pickSet(env, dotenv)]
  const origins: Partial<Record<keyof Environment, Origin>> = {}
  const remarks: Remark[] = [...odd]
  for (const name of VARIABLES) {
    if (own[name] !== undefined) origins[name] = 'environment'
    else if (written[name] !== undefined) origins[name] = '.env'
    if (written[name] === undefined || !Object.hasOwn(env, name) || env[name] === undefined) continue
    if (own[name] === undefined) remarks.push({ kind: 'blank', name })
    // NODE_ENV is set for one start and another, that is what it is for.
    else if (own[name] !== written[name] && name !== 'NODE_ENV') remarks.push({ kind: 'differs', name })
  }
  return { environment, origins, remarks, dotenv }
}

/**
 * Reads the variables, and has `@fastify/env` check them, in a context of its own: the host app notices nothing of it.
 *
 * @param variables - what to read in place of `process.env` and `.env`
 * @throws `FST_DBGPT_AUTH_ENVIRONMENT`
 */
export async function readEnvironment (fastify: FastifyInstance, variables: Variables | undefined): Promise<Environment> {
  if (variables !== undefined) return await checkEnvironment(fastify, pickSet(variables))
  const { environment, origins, remarks } = readPlaces(process.env)
  for (const remark of remarks) {
    if (!('line' in remark) || origins[remark.name as keyof Environment] !== '.env') continue
    const { kind, name, line } = remark
    if (kind === 'cut') {
      fastify.log.warn({ code: 'dotenv_comment' }, `The value of ${name} ends at a "#" on line ${line} of .env: put it in quotes if the "#" is a part of it`)
    } else if (kind === 'rest') {
      fastify.log.warn({ code: 'dotenv_rest' }, `The value of ${name} ends at a quote on line ${line} of .env, and the rest of the line is dropped: put one pair of quotes around all of it`)
    }
  }
  return await checkEnvironment(fastify, environment)
}

/**
 * Has `@fastify/env` check the variables, in a context of its own.
 *
 * @throws `FST_DBGPT_AUTH_ENVIRONMENT`
 */
export async function checkEnvironment (fastify: FastifyInstance, environment: Environment): Promise<Environment> {
  // Not for the command, which reads the same variables, and would start 50 ms later.
  const { default: fastifyEnv } = await import('@fastify/env')
  await fastify.register(async scope => {
    try {
      await scope.register(fastifyEnv, { confKey: CONFIG_KEY, schema: SCHEMA, data: environment, env: false })
    } catch {
      throw new FST_DBGPT_AUTH_ENVIRONMENT(faultOf(environment))
    }
    // Fastify keeps the context, which must not keep the keys.
    for (const name of VARIABLES) delete scope.getDecorator<Record<string, string>>(CONFIG_KEY)[name]
  })
  return environment
}

/** Says which variable has none of its words, and which these are. */
function faultOf (environment: Environment): string {
  const isRight = (name: keyof typeof WORDS): boolean =>
    environment[name] === undefined || (WORDS[name] as readonly string[]).includes(environment[name])
  const [name] = (Object.keys(WORDS) as (keyof typeof WORDS)[]).filter(name => !isRight(name)) as [keyof typeof WORDS]
  return `${name} must be ${WORDS[name].join(', ').replace(/, (?!.*,)/, ' or ')}`
}

/**
 * Picks the variables that are set, each from the first place where it is: a blank one must not hide one in `.env`.
 * Each is an own property, set or not, and only own ones are read: what is on `Object.prototype` must open nothing.
 */
export function pickSet (...places: readonly Variables[]): Environment {
  const valueOf = (name: string): string | undefined =>
    places.map(place => trimBlanks((Object.hasOwn(place, name) ? place[name] : undefined) ?? '')).find(Boolean)
  return Object.fromEntries(VARIABLES.map(name => [name, valueOf(name)])) as Environment
}
