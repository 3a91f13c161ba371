import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import dbgptAuth, { type DbgptAuthOptions } from '../../lib/index.ts'

/** Stands in every key of the tests, so that a key's text is found wherever it should not be. */
export const MARKER = 'PLAINTEXT'
export const KEY = `dbgpt_${MARKER}_0123456789abcdefghij`
export const OTHER_KEY = `dbgpt_${MARKER}_jihgfedcba9876543210`
export const WRONG_KEY = `dbgpt_${MARKER}_unknownunknownunknown`

export const BODY_401 = '{"error":{"message":"","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}'
export const BODY_503 = '{"error":{"message":"","type":"server_error","param":null,"code":"key_store_unavailable"}}'
export const CHALLENGE = 'Bearer realm="DB-GPT"'

/** The challenge with what is wrong with the key. */
export function challenge (description: string): string {
  return `${CHALLENGE}, error="invalid_token", error_description="${description}"`
}

/** The headers of a request with a key. */
export function bearer (key: string = KEY): { authorization: string } {
  return { authorization: `Bearer ${key}` }
}

export interface LogLine {
  readonly level: number
  readonly msg: string
  readonly [field: string]: unknown
}

export interface Harness {
  readonly app: FastifyInstance
  /** What the app has logged so far, at every level. */
  readonly log: () => LogLine[]
  /** Registers the plugin with the key of the tests, or as told. */
  readonly guard: (options?: DbgptAuthOptions) => Promise<void>
}

/**
 * Makes an app that logs everything and prints every error; at the end, no key's text may stand in any of it,
 * nor in an answer.
 */
export function harness (t: Test, options: FastifyServerOptions = {}): Harness {
  const lines: string[] = []
  const seen: string[] = []
  const app = Fastify({ ...options, logger: { level: 'trace', stream: { write: line => { lines.push(line) } } } })
  app.addHook('onError', (_request, _reply, error, done) => {
    seen.push(inspect(error, { depth: 10, showHidden: true }))
    done()
  })
  app.addHook('onSend', (_request, reply, payload, done) => {
    seen.push(JSON.stringify(reply.getHeaders()), String(payload))
    done()
  })
  t.teardown(async () => {
    await app.close()
    for (const text of [...lines, ...seen]) assert.ok(!text.includes(MARKER), 'a key\'s text has leaked')
  })
  return {
    app,
    log: () => lines.map(line => JSON.parse(line)),
    // Fastify's own type of logLevel does not take undefined.
    guard: async ({ logLevel = 'info', ...options } = {}) => {
      await app.register(dbgptAuth, { env: { API_KEYS: KEY }, logLevel, ...options })
    }
  }
}

/** Resolves with the error that a promise rejects with. */
export async function rejection (promise: PromiseLike<unknown>): Promise<Error & { code?: string }> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  return assert.fail('nothing was thrown')
}
