import type { FastifyInstance } from 'fastify'
import { FST_DBGPT_AUTH_NESTED } from '../errors.ts'

// A scope's prototype is the scope around it: https://fastify.dev/docs/latest/Reference/Encapsulation/
const guarded = new WeakSet<object>()
const around = new WeakSet<object>()

/**
 * Notes that a scope is guarded.
 *
 * @throws `FST_DBGPT_AUTH_NESTED` if a scope around it or within it is guarded, or it is itself
 */
export function claimScope (scope: FastifyInstance): void {
  const scopes = [...ancestry(scope)]
  if (around.has(scope) || scopes.some(each => guarded.has(each))) throw new FST_DBGPT_AUTH_NESTED()
  guarded.add(scope)
  for (const each of scopes) around.add(each)
}

function * ancestry (scope: object): Generator<object> {
  for (let each = scope; each !== Object.prototype; each = Object.getPrototypeOf(each)) yield each
}
