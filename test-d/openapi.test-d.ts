// Checked by tsc and never run.
import swagger, { type SwaggerTransform } from '@fastify/swagger'
import Fastify, { type FastifySchema } from 'fastify'
import { createJsonSchemaTransform, jsonSchemaTransform } from 'fastify-type-provider-zod'
import { type AnswerResponses, responses, responsesIn, security, securitySchemes, transform, withTransform } from 'fastify-dbgpt-auth/openapi'
import type { OpenAPIV3, OpenAPIV3_1 as OpenAPIV31 } from 'openapi-types'
import { same } from './equals.ts'

const app = Fastify()
await app.register(swagger, { openapi: { openapi: '3.1.0', components: { securitySchemes, responses }, security }, transform })
await app.register(swagger, { openapi: {}, transform: withTransform(jsonSchemaTransform) })
await app.register(swagger, { openapi: {}, transform: withTransform(createJsonSchemaTransform({ skipList: [] })) })
await app.register(swagger, {
  openapi: { components: { responses: { ...responsesIn('dbgpt'), 401: { description: 'Ask ops' } } } },
  transform: withTransform(({ schema, url, route }) => {
    same<typeof schema, FastifySchema>()
    same<typeof url, string>()
    return { schema: { ...schema, operationId: String(route.handler.name) }, url }
  })
})
app.get('/', { config: { swaggerTransform: transform } }, () => 'ok')
app.get('/own', { config: { swaggerTransform: withTransform(transform) } }, () => 'ok')

export const transforms: SwaggerTransform[] = [transform, withTransform(transform)]
export const components: OpenAPIV31.ComponentsObject & OpenAPIV3.ComponentsObject = { securitySchemes, responses }
export const document: Pick<OpenAPIV31.Document & OpenAPIV3.Document, 'security'> = { security }
same<ReturnType<typeof responsesIn>, AnswerResponses>()
same<keyof AnswerResponses, 401 | 403 | 503>()
// @ts-expect-error There is no such format.
responsesIn('xml')
// @ts-expect-error A transform answers at once.
withTransform(async ({ schema, url }) => ({ schema, url }))
// @ts-expect-error It makes a schema.
withTransform(({ url }) => ({ url }))
