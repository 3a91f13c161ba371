import auth from '@fastify/auth'
import compress from '@fastify/compress'
import cors from '@fastify/cors'
import express from '@fastify/express'
import helmet from '@fastify/helmet'
import jwt from '@fastify/jwt'
import multipart from '@fastify/multipart'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import underPressure from '@fastify/under-pressure'
import websocket from '@fastify/websocket'
import { Validator } from '@seriousme/openapi-schema-validator'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { register } from 'prom-client'
import t, { type Test } from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import { apiKeyMetrics } from '../../../lib/metrics/plugin.ts'
import { responses, security, securitySchemes, transform } from '../../../lib/openapi/transform.ts'
import { bearer, BODY_401, CHALLENGE, harness, KEY, WRONG_KEY } from '../../support/app.ts'
import { type Answer, ask, type Question } from '../../support/ask.ts'

const UI = { origin: 'https://ui.example.com' }
const EITHER = [{ dbgptAuth: [] }, { jwt: [] }]
const QUOTA = 8

/** Registers what an app has that has everything, in the order of the recipes. */
async function build (t: Test, takesJwt: boolean): Promise<FastifyInstance> {
  const { app, guard } = harness(t)
  register.clear()
  await app.register(cors, { origin: [UI.origin], credentials: true, exposedHeaders: ['WWW-Authenticate', 'Retry-After'] })
  await app.register(underPressure, { exposeStatusRoute: { url: '/status', routeOpts: { config: { apiKey: false } } } })
  await app.register(helmet)
  await app.register(rateLimit, { global: false })
  app.addHook('onRequest', app.rateLimit({ max: 100, timeWindow: '1 minute' }))
  await app.register(jwt, { secret: 'a secret of the tests' })
  await app.register(auth)
  await guard({ addHook: !takesJwt })
  if (takesJwt) {
    const isPublic = async ({ routeOptions }: FastifyRequest) => { if (routeOptions.config.apiKey !== false) throw new Error('not public') }
    app.addHook('onRequest', app.auth([isPublic, async request => await request.jwtVerify(), app.verifyApiKey]))
    app.setErrorHandler((error: Error & { send?: (reply: object) => void }, _request, reply) => {
      if (error.send === undefined) reply.send(error)
      else error.send(reply)
    })
  }
  await app.register(express)
  await app.register(rateLimit, { max: QUOTA, timeWindow: '1 minute', keyGenerator: request => request.apiKey?.id ?? request.ip })
  await app.register(compress, { threshold: 0 })
  await app.register(multipart)
  await app.register(websocket)
  const components = { responses, securitySchemes: { ...securitySchemes, jwt: { type: 'http', scheme: 'bearer' } as const } }
  await app.register(swagger, { openapi: { openapi: '3.1.0', components, security }, transform })
  await app.register(async pages => {
    pages.addHook('onRoute', route => { route.config = { ...route.config, apiKey: false } })
    await pages.register(swaggerUi)
  })
  await app.register(apiKeyMetrics)
  app.use('/legacy', (_request: object, response: { end: (text: string) => void }) => { response.end('legacy') })
  app.get('/', { schema: { security: EITHER } }, request => request.apiKey?.id ?? (request.user as { name: string }).name)
  app.get('/health', { config: { apiKey: false } }, () => 'ok')
  app.get('/metrics', async () => await register.metrics())
  return app
}

for (const takesJwt of [false, true]) {
  t.test(`an app with all that the recipes have is guarded, and each does its work, ${takesJwt ? 'with a JWT as well' : 'by keys alone'}`, async t => {
    const app = await build(t, takesJwt)
    const url = await app.listen()
    // By real requests: Express takes the answers of injected ones for its own.
    const reach = async (path: string, question?: Question): Promise<Answer> => await ask(url + path, question)
    for (const path of ['/', '/unknown', '/legacy', '/metrics']) {
      for (const headers of [UI, { ...UI, ...bearer(WRONG_KEY) }]) {
        const answer = await reach(path, { headers })
        t.match(answer, { status: 401, body: BODY_401 }, path)
        t.match(answer.headers, {
          'content-type': /^application\/json$/, 'access-control-allow-origin': UI.origin, 'x-content-type-options': 'nosniff'
        }, path)
        t.ok(String(answer.headers['www-authenticate']).startsWith(CHALLENGE), path)
      }
    }
    for (const path of ['/health', '/status', '/documentation/', '/documentation/json']) t.equal((await reach(path)).status, 200, path)
    const preflight = { ...UI, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' }
    t.equal((await reach('/', { method: 'OPTIONS', headers: preflight })).status, 204)

    const ofAda = await reach('/', { headers: bearer(app.jwt.sign({ name: 'Ada' })) })
    t.match(ofAda, takesJwt ? { status: 200, body: 'Ada' } : { status: 401, body: BODY_401 })
    t.match(await reach('/legacy', { headers: bearer() }), { status: 200, body: 'legacy' })
    t.match(await reach('/metrics', { headers: bearer() }), { status: 200, body: /dbgpt_auth_requests_total\{result="rejected"/ })
    for (let count = 1; count < QUOTA; count++) {
      t.match(await reach('/', { headers: bearer() }), { status: 200, body: createApiKey(KEY).id }, `${count}`)
    }
    t.equal((await reach('/', { headers: bearer() })).status, 429, 'the quota of the key')

    const document = JSON.parse(JSON.stringify(app.swagger()))
    t.same(await new Validator().validate(structuredClone(document)), { valid: true })
    t.match(document.paths, { '/': { get: { security: EITHER } }, '/health': { get: { security: [] } }, '/metrics': { get: { security } } })
  })
}
