import type { FastifyInstance } from 'fastify'

/** What a header's name is made of (RFC 9110 §5.1). */
const NAME = /^[\w!#$%&'*+.^`|~-]*$/
const TAKEN = /^(authorization|cookie|host|origin|connection|upgrade|expect|te|(accept|content|transfer|sec)\b.*)$/i

/**
 * Tells whether a header may be the one for keys: one that means nothing else.
 *
 * @param name - its name; blank, there is none
 */
export function isKeyHeader (name: string): boolean {
  return NAME.test(name) && !TAKEN.test(name)
}

/**
 * Takes keys from a header of their own, for where a proxy needs Authorization itself. That counts only if there is
 * neither such a key nor a session's cookie. DB-GPT does not see the header.
 *
 * @param app - the gateway
 * @param name - the header's name; blank, there is none
 * @param cookieNames - the names of the session's cookie
 */
export function takeKeyHeader (app: FastifyInstance, name: string, cookieNames: readonly string[]): void {
  if (name === '') return
  const session = new RegExp(`(^|;)\\s*(${cookieNames.join('|')})=`)
  const header = name.toLowerCase()
  app.addHook('onRequest', async ({ headers }) => {
    const key = headers[header]
    delete headers[header]
    if (key !== undefined && key !== '') headers.authorization = `Bearer ${String(key)}`
    else if (session.test(headers.cookie ?? '')) delete headers.authorization
  })
}
