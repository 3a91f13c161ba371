import type { FastifyInstance } from 'fastify'
import { FST_DBGPT_AUTH_NESTED } from '../errors.ts'

// A scope's prototype is the scope around it: https://fastify.dev/docs/latest/Reference/Encapsulation/
const claimed = new WeakSet<object>()
const guarded = new WeakSet<object>()
const around = new WeakSet<object>()

/**
 * Notes that the plugin is registered on a scope.
 *
 * @param isGuard - whether it guards it
 * @returns whether it is registered on a scope around it, too
 * @throws `FST_DBGPT_AUTH_NESTED` if it is registered on it already, or guards it and a scope around it or within it
 */
export function claimScope (scope: FastifyInstance, isGuard: boolean): boolean {
  const scopes = [...ancestry(scope)]
  const isNested = isGuard && (around.has(scope) || scopes.some(each => guarded.has(each)))
  if (isNested || claimed.has(scope)) throw new FST_DBGPT_AUTH_NESTED()
  claimed.add(scope)
  if (isGuard) guarded.add(scope)
  if (isGuard) for (const each of scopes) around.add(each)
  return scopes.some(each => each !== scope && claimed.has(each))
}

function * ancestry (scope: object): Generator<object> {
  for (let each = scope; each !== Object.prototype; each = Object.getPrototypeOf(each)) yield each
}
