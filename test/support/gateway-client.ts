import { once } from 'node:events'
import http, { type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http'
import { bearer, KEY } from './app.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Question {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string
}

/** Sends what fetch would not, such as its own Accept, Expect or a path that is no good one. */
export async function ask (url: string, { method = 'GET', headers = {}, body = '' }: Question = {}): Promise<Answer> {
  const { hostname, port } = new URL(url)
  const path = url.slice(url.indexOf('/', 'http://'.length))
  const request = http.request({ hostname, port, path, method, headers, agent: false })
  request.end(body)
  const [response] = await once(request, 'response') as [http.IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString() }
}

/** Asks with the key of the tests, or with other headers. */
export async function askWithKey (url: string, { headers = bearer(), ...question }: Question = {}): Promise<Answer> {
  return await ask(url, { headers, ...question })
}

/** Sends the gateway's login form, as a page of its own does or with other headers. */
export async function sendForm (
  url: string, form: string | Record<string, string> = { key: KEY }, headers: OutgoingHttpHeaders = { origin: url }
): Promise<Answer> {
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  return await ask(`${url}/login`, { method: 'POST', headers: { ...type, ...headers }, body: String(new URLSearchParams(form)) })
}

/** The cookie that an answer sets, as a request brings it. */
export function cookieOf ({ headers }: Answer): string {
  return headers['set-cookie']?.[0]?.split(';')[0] ?? ''
}

/** Logs in by the form, and returns the session's cookie. */
export async function logIn (url: string, key = KEY, headers?: OutgoingHttpHeaders): Promise<string> {
  return cookieOf(await sendForm(url, { key }, headers))
}
