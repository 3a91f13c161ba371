import { type Answer, buildAnswers } from '../guard/answer.ts'
import type { ErrorFormat } from '../types.ts'

/** A JSON Schema that OpenAPI 3.0 and 3.1 read alike. */
export interface AnswerSchema {
  type?: 'object' | 'string' | 'boolean'
  enum?: unknown[]
  properties?: Record<string, AnswerSchema>
  required?: string[]
}

/** An OpenAPI Response Object. */
export interface AnswerResponse {
  description: string
  headers: Record<string, { schema: AnswerSchema }>
  content: { 'application/json': { schema: AnswerSchema, example: object } }
}

/** The guard's answers, by status. */
export type AnswerResponses = Record<401 | 403 | 503, AnswerResponse>

/** Says how requests carry a key: for `components.securitySchemes` of an OpenAPI document. */
export const securitySchemes = deepFreeze({
  dbgptAuth: { type: 'http' as const, scheme: 'bearer' as const, description: 'An API key, sent as `Authorization: Bearer <key>`' }
})

/** Asks for a key: for the `security` of an OpenAPI document or of an operation. */
export const security: { dbgptAuth: string[] }[] = deepFreeze([{ dbgptAuth: [] }])

/** The guard's answers in its default format: for `components.responses` of an OpenAPI document. */
export const responses: AnswerResponses = deepFreeze(responsesIn('openai'))

/**
 * Returns the guard's answers: for `components.responses` of an OpenAPI document.
 *
 * @param format - the option `errorFormat` of the guard
 */
export function responsesIn (format: ErrorFormat): AnswerResponses {
  const { missing, scope, unavailable } = buildAnswers('', '')
  return {
    401: responseOf(missing, format, 'There is no API key, or it is not valid', 'WWW-Authenticate'),
    403: responseOf(scope, format, 'The API key lacks a scope', 'WWW-Authenticate'),
    503: responseOf(unavailable, format, 'The API key could not be checked', 'Retry-After')
  }
}

function responseOf ({ bodies }: Answer, format: ErrorFormat, description: string, header: string): AnswerResponse {
  const example = JSON.parse(String(bodies[format])) as object
  return {
    description,
    headers: { [header]: { schema: { type: 'string' } } },
    content: { 'application/json': { schema: schemaOf(example), example } }
  }
}

/** Describes a body by an example: a word in it is a constant, other text is for people. */
function schemaOf (value: unknown): AnswerSchema {
  // OpenAPI 3.0 has no type for null.
  if (value === null) return { enum: [null] }
  if (typeof value === 'object') {
    const properties = Object.entries(value).map(([name, each]) => [name, schemaOf(each)] as const)
    return { type: 'object', properties: Object.fromEntries(properties), required: Object.keys(value) }
  }
  if (typeof value === 'string' && !/^\w+$/.test(value)) return { type: 'string' }
  return { type: typeof value as 'string' | 'boolean', enum: [value] }
}

/** Apps share them: what one does to its document must not change that of another. */
function deepFreeze<Value extends object> (value: Value): Value {
  for (const each of Object.values(value)) if (typeof each === 'object' && each !== null) deepFreeze(each)
  return Object.freeze(value)
}
