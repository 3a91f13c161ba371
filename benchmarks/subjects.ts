import { hash } from 'node:crypto'
import bearerAuth from '@fastify/bearer-auth'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { dbgptAuth, createApiKey, MemoryKeyStore } from 'fastify-dbgpt-auth'
import { flat, makeKey, pick } from './keys.ts'
import { BATCH, type Subject } from './rounds.ts'

const TOKENS = 1_000
const MOST_KEYS_OF_BEARER_AUTH = 10_000

type Values = readonly (string | undefined)[]
type Verify = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void

/**
 * Sets up an app with so many keys, and what is to be measured of it: the floor, then the checks.
 *
 * @param count - the number of keys
 */
export async function prepareSubjects (count: number): Promise<Subject[]> {
  const keys = Array.from({ length: count }, makeKey)
  const app = Fastify()
  await app.register(dbgptAuth, {
    keys: new MemoryKeyStore(keys.map(key => createApiKey(key))), mode: 'on', env: {}, addHook: false
  })
  const compared = count <= MOST_KEYS_OF_BEARER_AUTH
  if (compared) await app.register(bearerAuth, { keys: new Set(keys), addHook: false })

  const exchange = await takeExchange(app)
  const good = pick(keys, TOKENS)
  const goodHeaders = good.map(bearer)
  const wrongHeaders = Array.from({ length: TOKENS }, () => bearer(makeKey()))
  const subjects = [
    floor(keys, good),
    check('good', app.verifyApiKey, exchange, goodHeaders, true),
    check('wrong', app.verifyApiKey, exchange, wrongHeaders, false),
    check('none', app.verifyApiKey, exchange, [undefined], false)
  ]
  if (compared) subjects.push(checkInTurn('bearer-auth', app.verifyBearerAuth as Verify, exchange, goodHeaders))
  return subjects
}

interface Exchange {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** Takes a real request of an app and its reply. */
function takeExchange (app: FastifyInstance): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    app.get('/', (request, reply) => {
      resolve({ request, reply })
      return 'ok'
    })
    app.inject('/').catch(reject)
  })
}

function bearer (key: string): string {
  return flat(`Bearer ${key}`)
}

/** What no check by digest can do without. */
function floor (keys: readonly string[], tokens: readonly string[]): Subject {
  const digests = new Map(keys.map(key => [hash('sha256', key, 'hex'), key]))
  const next = rotate(tokens)
  return repeat('floor', () => {
    if (digests.get(hash('sha256', next(), 'hex')) === undefined) throw new Error('The floor lost a key')
  })
}

function check (name: string, verify: Verify, { request, reply }: Exchange, values: Values, passes: boolean): Subject {
  const { headers } = request.raw
  const next = rotate(values)
  const done = (error?: Error): void => {
    if ((error === undefined) !== passes) throw new Error(`The check of ${name} went wrong`)
  }
  return repeat(name, () => {
    headers.authorization = next()
    verify(request, reply, done)
  })
}

function repeat (name: string, step: () => void): Subject {
  return {
    name,
    run () {
      for (let time = 0; time < BATCH; time++) step()
    }
  }
}

/** A check that calls back later: the next one starts there. */
function checkInTurn (name: string, verify: Verify, { request, reply }: Exchange, values: Values): Subject {
  const { headers } = request.raw
  const next = rotate(values)
  return {
    name,
    run: () => new Promise((resolve, reject) => {
      let left = BATCH
      const done = (error?: Error): void => {
        if (error !== undefined) return reject(error)
        if (left-- === 0) return resolve()
        headers.authorization = next()
        verify(request, reply, done)
      }
      done()
    })
  }
}

function rotate<T> (values: readonly T[]): () => T {
  let index = 0
  return () => {
    const value = values[index] as T
    index = index + 1 === values.length ? 0 : index + 1
    return value
  }
}
