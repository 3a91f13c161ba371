import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import { FST_DBGPT_AUTH_ROUTE } from '../errors.ts'
import { takeScopes } from '../keys/scopes.ts'
import type { ApiKey } from '../types.ts'
import { type Outcome, unavailable } from './check.ts'
import { Rejection } from './rejection.ts'

/** What routes ask for, by the objects in their configs: what is done to these afterwards changes nothing. */
const needs = new WeakMap<object, readonly string[]>()

/** Works out at start-up which scopes the routes ask for, as far as they are declared later than the guard. */
export function watchRoutes (fastify: FastifyInstance): void {
  const routes = new Set<RouteOptions>()
  fastify.addHook('onRoute', route => { routes.add(route) })
  // Not before: a hook of a scope within may have changed a route's config.
  fastify.addHook('onReady', done => {
    for (const { method, url, config = {} } of routes) {
      const policy = Object.hasOwn(config, 'apiKey') || !('apiKey' in Object.prototype) ? config.apiKey : undefined
      if (typeof policy !== 'object' || policy === null) continue
      // Fastify hands on what is enumerable and the config's own: a getter of a class would ask for nothing.
      if (!Object.prototype.propertyIsEnumerable.call(config, 'apiKey')) throw new FST_DBGPT_AUTH_ROUTE(String(method), url)
      scopesOf(policy, String(method), url)
    }
    routes.clear()
    done()
  })
}

/** Lets a good key in where it has all scopes that the route asks for, or no list of scopes. */
export function judgeScopes (apiKey: ApiKey, policy: object, request: FastifyRequest): Outcome {
  try {
    const needed = needs.get(policy) ?? scopesOf(policy, request.method, request.routeOptions.url)
    const held = apiKey.scopes
    if (held === undefined) return apiKey
    if (hasAll(held, needed)) return apiKey
    return new Rejection('scope', apiKey, undefined, { needed, missing: needed.filter(scope => !held.includes(scope)) })
  } catch (cause) {
    return unavailable(cause)
  }
}

/** Returns which scopes the object in a route's config asks for, of which the guard may not have taken notice yet. */
export function neededScopes (policy: object, method: string, url: string): readonly string[] {
  return needs.get(policy) ?? scopesOf(policy, method, url)
}

/** As every() does it, in a third of the time. */
function hasAll (held: readonly string[], needed: readonly string[]): boolean {
  for (const scope of needed) if (!held.includes(scope)) return false
  return true
}

/** @throws `FST_DBGPT_AUTH_ROUTE` if that is not all that it asks for: a mistyped name must not guard less */
function scopesOf (policy: object, method: string, url = 'of unknown URLs'): readonly string[] {
  const asks = Object.hasOwn(policy, 'scopes') && Reflect.ownKeys(policy).length === 1
  const scopes = asks ? takeScopes((policy as { readonly scopes: unknown }).scopes) : undefined
  if (scopes === undefined || scopes.length === 0) throw new FST_DBGPT_AUTH_ROUTE(method, url)
  needs.set(policy, scopes)
  return scopes
}
