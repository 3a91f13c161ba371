import formbody from '@fastify/formbody'
import helmet from '@fastify/helmet'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { VerificationError } from 'fastify-dbgpt-auth'
import type { Attempts } from '../door/attempts.ts'
import { loginPage, type Problem, SCRIPT_HASH } from './login-page.ts'
import { type Language, languageOf, STYLE_HASH } from '../answers/page.ts'
import { keysOf } from './pasted-key.ts'
import { isAllowedOrigin, logForeignOrigin } from '../door/same-origin.ts'
import { reachesDbgpt } from '../scope.ts'
import { beginSession, endOf, endSession } from '../sessions/cookie.ts'
import { sessionPage } from './session-page.ts'

interface Form {
  readonly key?: unknown
  readonly next?: unknown
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The key that was typed into the login form, until it is checked. */
    typedKey: string | undefined
  }
}

const STATUS: Readonly<Record<Problem, number>> = {
  missing: 400,
  malformed: 400,
  several: 400,
  unknown: 401,
  expired: 401,
  scope: 403,
  origin: 403,
  limited: 429,
  unavailable: 503
}

/**
 * Adds the login page, and the way out.
 *
 * @param app - a scope of the gateway whose routes are public
 * @param attempts - counts refused keys
 */
export async function loginRoutes (app: FastifyInstance, { attempts }: { attempts: Attempts }): Promise<void> {
  await app.register(formbody, { bodyLimit: 16_384 })
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: [STYLE_HASH],
        scriptSrc: [SCRIPT_HASH],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"]
      }
    },
    referrerPolicy: { policy: 'same-origin' }, // with no-referrer, browsers send the form with Origin: null
    strictTransportSecurity: false // of the whole host, which is not the gateway's to decide
  })
  app.addHook('onSend', async (_request, reply) => { reply.header('cache-control', 'no-store') })

  app.get<{ Querystring: Form }>('/login', async (request, reply) => {
    const next = safePath(request.query.next)
    if (await verify(app, request, reply) !== undefined) return show(request, reply, next)
    // Without a key, nobody passes but where authentication is off: then there is nothing to log in to.
    const { apiKey } = request
    if (apiKey === null) return reply.redirect(next, 303)
    // Behind `next` is the page that has sent them here.
    if (!reachesDbgpt(apiKey)) return send(request, reply, 200, language => loginPage(language, next, 'scope'))
    const { id, name } = apiKey
    return send(request, reply, 200, language => sessionPage(language, next, { id, name, until: endOf(request) }))
  })

  app.post<{ Body: Form | undefined }>('/login', async (request, reply) => {
    const { key, next: asked } = request.body ?? {}
    const next = safePath(asked)
    if (!isAllowedOrigin(request, true)) return show(request, reply, next, 'origin')
    const wait = await attempts.wait(request)
    if (wait > 0) return show(request, reply.header('retry-after', wait), next, 'limited')
    const [typed, ...others] = typeof key === 'string' ? keysOf(key) : []
    if (typed === undefined) return show(request, reply, next, 'missing')
    if (others.length > 0) return show(request, reply, next, 'several')
    request.typedKey = typed
    const error = await verify(app, request, reply)
    request.typedKey = undefined
    if (error !== undefined) {
      if (error.statusCode === 401) await attempts.count(request)
      return show(request, reply, next, error.reason, error.statusCode === 503 ? error : undefined)
    }
    const { apiKey } = request
    if (apiKey === null) return reply.redirect(next, 303) // authentication is off
    if (!reachesDbgpt(apiKey)) return show(request, reply, next, 'scope')
    try {
      await beginSession(request, reply, apiKey.digest)
    } catch {
      return show(request, reply, next, 'unavailable')
    }
    return reply.redirect(next, 303)
  })

  app.post('/logout', async (request, reply) => {
    if (!isAllowedOrigin(request, true)) return show(request, reply, '/', 'origin')
    await endSession(request, reply)
    return reply.redirect('/login', 303)
  })
}

/** Answers with the form, and what was wrong with what it was sent. */
function show (request: FastifyRequest, reply: FastifyReply, next: string, problem?: Problem, err?: Error): FastifyReply {
  if (problem === 'origin') logForeignOrigin(request)
  if (problem !== undefined) {
    request.log[problem === 'unavailable' ? 'error' : 'info']({ reason: problem, ip: request.ip, err }, 'Login refused')
  }
  return send(request, reply, problem === undefined ? 200 : STATUS[problem], language => loginPage(language, next, problem))
}

function send (
  request: FastifyRequest, reply: FastifyReply, status: number, write: (language: Language) => string
): FastifyReply {
  const language = languageOf(request.headers['accept-language'])
  return reply.code(status).type('text/html; charset=utf-8')
    .headers({ vary: 'accept-language', 'content-language': language })
    .send(write(language))
}

async function verify (
  app: FastifyInstance, request: FastifyRequest, reply: FastifyReply
): Promise<VerificationError | undefined> {
  return await new Promise(resolve => app.verifyApiKey(request, reply, resolve))
}

/**
 * Returns a path of this origin: what a login may go on to.
 *
 * @param asked - what the caller asks for
 */
export function safePath (asked: unknown): string {
  if (typeof asked !== 'string' || !/^\/(?![/\\])[\x21-\x7e]*$/.test(asked) || asked.includes('\\')) return '/'
  const { origin, pathname, search } = new URL(asked, 'http://gateway.invalid')
  if (origin !== 'http://gateway.invalid' || pathname.startsWith('//') || /^\/log(in|out)$/.test(pathname)) return '/'
  return pathname + search
}
