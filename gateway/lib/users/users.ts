import type { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { faultBody } from '../answers/answer.ts'
import { readJson } from './body.ts'
import { jsonAs } from './json.ts'
import { NAMES, placeOf } from './places.ts'
import { queryAs } from './query.ts'
import { isMisnamed, userOf } from './user.ts'

/** A header that DB-GPT, or a proxy before it, takes for the user. */
export const USER_HEADER = /^user[-_]id$/

declare module 'fastify' {
  interface FastifyRequest {
    /** The body that DB-GPT gets instead of the caller's, as `@fastify/reply-from` takes it. */
    bodyAsUser: { readonly body: string, readonly contentType: string } | undefined
  }
}

/**
 * Makes a hook that has queries and bodies name the user whose key it is, wherever DB-GPT reads such a name.
 * Who calls without a key, because authentication is off, says so himself.
 */
export function speakAsUser (): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> {
  const told = new Set<string>()
  return async (request, reply) => {
    const { apiKey } = request
    if (apiKey === null) return
    if (isMisnamed(apiKey) && !told.has(apiKey.id)) {
      told.add(apiKey.id)
      request.log.warn({ keyId: apiKey.id }, 'metadata.user of this key is not 1 to 128 letters, digits, _ or -: its id is the user')
    }
    return await rewrite(request, reply, userOf(apiKey))
  }
}

async function rewrite (request: FastifyRequest, reply: FastifyReply, user: string): Promise<unknown> {
  const [path = '', ...queries] = request.url.split('?')
  const { query, body, also = [], depth, isOpen = false } = placeOf(path)
  const names = [...NAMES, ...also]
  const asked = queries.join('?')
  const said = queryAs(asked, user, names, query)
  // Here, what goes on over HTTP and over a WebSocket has it from.
  if (said !== asked) request.raw.url = `${path}?${said}`
  const type = request.headers['content-type'] ?? 'application/json'
  if (body === undefined || !request.body || (isOpen && !/json/i.test(type))) return
  const text = await readJson(request)
  if (typeof text === 'string') {
    request.bodyAsUser = { body: text === '' ? '' : jsonAs(text, user, names, body, depth), contentType: type }
    return
  }
  // What has not been read of it must not be taken for the next request.
  if (!(request.body as Readable).readableEnded) reply.header('connection', 'close')
  return reply.send(faultBody(request, reply, text.status, text.code, text.message))
}
