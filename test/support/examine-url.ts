import assert from 'node:assert/strict'
import { once } from 'node:events'
import http, { type RequestListener } from 'node:http'
import https from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { type Client, examineClient } from '../../lib/doctor/client/examine.ts'
import { CLIENT_TEXTS } from '../../lib/doctor/client/texts.ts'
import { describe, type Finding, type Found } from '../../lib/doctor/finding.ts'
import dbgptAuth, { type DbgptAuthOptions } from '../../lib/index.ts'
import { KEY, MARKER } from './app.ts'

/** A request that a server has seen. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: http.IncomingHttpHeaders
}

export interface Watched {
  readonly url: string
  readonly port: number
  readonly seen: Seen[]
}

/** Examines a URL, and returns what people are told; no key's text may be in it, in either language. */
export async function examine (client: Partial<Client> & { readonly url: string }): Promise<Finding[]> {
  const found: Found<keyof typeof CLIENT_TEXTS>[] = await examineClient({ env: {}, timeoutMs: 2000, ...client })
  for (const language of ['en', 'zh'] as const) {
    for (const each of found) {
      const { message, fix } = describe(each, CLIENT_TEXTS, language)
      assert.ok(!`${message}${fix}`.includes(MARKER), `a key's text is in ${each.code}`)
      assert.doesNotMatch(`${message}${fix}`, /\{\w+\}/, `a parameter of ${each.code} is not given`)
    }
  }
  return found.map(each => describe(each, CLIENT_TEXTS))
}

/** The codes of what is found, without facts. */
export function codesOf (findings: readonly Finding[]): string[] {
  return findings.filter(({ severity }) => severity !== 'fact').map(({ code }) => code)
}

/** Starts a server that answers as told, and remembers what it is asked. */
export async function startWatched (t: Test, listener: RequestListener, options?: https.ServerOptions): Promise<Watched> {
  const server = options === undefined ? http.createServer(listener) : https.createServer(options, listener)
  return await watch(t, server, options !== undefined)
}

/** Starts an app with the plugin and a route or two. */
export async function startGuarded (
  t: Test, auth: DbgptAuthOptions = {}, prepare: (app: FastifyInstance) => unknown = () => {}
): Promise<Watched> {
  const app = Fastify()
  const seen: Seen[] = []
  app.addHook('onRequest', async ({ method, url, headers }) => { seen.push({ method, url, headers }) })
  await prepare(app)
  if (!app.hasPlugin('fastify-dbgpt-auth')) await app.register(dbgptAuth, { env: { API_KEYS: KEY }, logLevel: 'silent', ...auth })
  app.get('/v1/models', async () => ({ object: 'list', data: [] }))
  app.get('/status', { config: { apiKey: false } }, async () => ({ up: true }))
  t.teardown(async () => await app.close())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return { url, port: Number(new URL(url).port), seen }
}

async function watch (t: Test, server: http.Server, isTls: boolean): Promise<Watched> {
  const seen: Seen[] = []
  server.prependListener('request', ({ method = '', url = '', headers }) => seen.push({ method, url, headers }))
  const port = await listen(t, server)
  return { url: `http${isTls ? 's' : ''}://127.0.0.1:${port}`, port, seen }
}

/** Listens until the test is over, and returns the port. */
export async function listen (t: Test, server: Server & { closeAllConnections?: () => void }): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections?.()
  })
  return (server.address() as AddressInfo).port
}

/** What must hold of the requests of every run. */
export function assertHarmless (t: Test, name: string, seen: readonly Seen[]): void {
  t.ok(seen.length <= 15, `${name}: ${seen.length} requests`)
  t.same(seen.filter(({ method }) => method !== 'GET' && method !== 'OPTIONS'), [], name)
}

/** Tells whether anything of a request has a key in it. */
export function hasKey ({ url, headers }: Seen): boolean {
  const text = JSON.stringify(headers) + url
  const basic = Buffer.from(String(headers.authorization).replace(/^\S+ /, ''), 'base64').toString('latin1')
  return text.includes(MARKER) || basic.includes(MARKER)
}
