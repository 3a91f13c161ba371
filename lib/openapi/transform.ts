import type { FastifySchema, RouteOptions } from 'fastify'
import { FST_DBGPT_AUTH_OPENAPI } from '../errors.ts'
import { policyIn } from '../guard/guard.ts'
import { neededScopes } from '../guard/scopes.ts'
import { type AnswerResponse, type AnswerResponses, responses, securitySchemes } from './components.ts'

export * from './components.ts'

/** What `@fastify/swagger` tells a transform of a route. */
export interface RouteDescription {
  readonly schema: FastifySchema
  readonly url: string
  readonly route: RouteOptions
  /** The document that the route is to stand in. */
  readonly openapiObject?: object
}

/** What `@fastify/swagger` takes from a transform. */
export interface Transformed { schema: FastifySchema, url: string }

/** A transform of the app's own, or of a type provider; a method, so that it may ask for a narrower description. */
type Transform = { of (description: RouteDescription): Transformed }['of']

// As @fastify/swagger augments it, where that is installed.
type Requirement = Readonly<Record<string, readonly string[]>>
type Schema = Omit<FastifySchema, 'response' | 'security'> & { security?: readonly Requirement[], response?: object }
type Status = keyof AnswerResponses
interface Components {
  readonly schemas?: object
  readonly securitySchemes?: object
  readonly responses?: Readonly<Partial<Record<Status, Partial<AnswerResponse>>>>
}
interface Document { readonly openapi: string, readonly security?: readonly Requirement[], components: Components }

/** Describes what each route asks of a key, as its config says: the option `transform` of `@fastify/swagger`. */
export const transform = withTransform(({ schema, url }) => ({ schema, url }))

/**
 * Describes what each route asks of a key, beside what another transform makes of its schema.
 *
 * @param other - a transform of the app's own or of a type provider
 * @example
 * await app.register(swagger, { openapi: { openapi: '3.1.0' }, transform: withTransform(jsonSchemaTransform) })
 */
export function withTransform (other: Transform) {
  /** @throws `FST_DBGPT_AUTH_OPENAPI` if the document is one of Swagger 2 */
  return function describeRoute (description: RouteDescription): Transformed {
    const { openapiObject, route } = description
    if (openapiObject === undefined) throw new FST_DBGPT_AUTH_OPENAPI()
    const { schema, url } = other(description)
    return { schema: describeKey(schema as Schema | undefined, route, openapiObject as Document), url }
  }
}

/** Says what a route asks for, unless its schema has said that itself, and what it answers where a key is asked for. */
function describeKey (schema: Schema | undefined, route: RouteOptions, document: Document): FastifySchema {
  // Fastify hands a route's config on as such a copy.
  const policy = policyIn({ ...route.config })
  const scopes = typeof policy === 'object' && policy !== null ? neededScopes(policy, String(route.method), route.url) : []
  // OpenAPI 3.0 takes scopes of OAuth 2 alone.
  const key = { dbgptAuth: document.openapi.startsWith('3.0') ? [] : [...scopes] }
  const asked: readonly Requirement[] = schema?.security ?? (policy === false ? [] : policy === 'optional' ? [key, {}] : [key])
  if (asksForKey(asked) || asksForKey(document.security)) addScheme(document)
  if (!asksForKey(asked)) return { ...schema, security: asked } as FastifySchema
  const statuses: readonly Status[] = scopes.length === 0 ? [401, 503] : [401, 403, 503]
  const answers = statuses.map(status => [status, answerOf(document, status, scopes)])
  // Where there is none at all, @fastify/swagger describes this one.
  const response = schema?.response ?? { 200: { description: 'Default Response', type: 'null' } }
  return { ...schema, security: asked, response: { ...Object.fromEntries(answers), ...response } } as FastifySchema
}

function asksForKey (asked: readonly Requirement[] = []): boolean {
  return asked.some(each => Object.hasOwn(each, 'dbgptAuth'))
}

/** What is asked for has to be explained in the document, or @fastify/swagger fails. */
function addScheme (document: Document): void {
  const { components } = document
  document.components = { ...components, securitySchemes: { ...securitySchemes, ...components.securitySchemes } }
}

/** Describes an answer as the document's components do, in the form in which schemas of routes have it. */
function answerOf (document: Document, status: Status, scopes: readonly string[]): object {
  const { components } = document
  const { description, headers, content } = { ...responses[status], ...components.responses?.[status] }
  const { schema, ...media } = content['application/json'] ?? responses[status].content['application/json']
  const name = `dbgptAuth${status}`
  // It would stand there once for each route.
  document.components = { ...components, schemas: { [name]: schema, ...components.schemas } }
  return {
    description: status === 403 ? `${description}: ${scopes.join(' ')}` : description,
    headers: Object.fromEntries(Object.entries(headers).map(([name, header]) => [name, header.schema ?? {}])),
    content: { 'application/json': { ...media, schema: { $ref: `#/components/schemas/${name}` } } }
  }
}
