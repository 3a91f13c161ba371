import type { OutgoingHttpHeaders } from 'node:http'
import { bearer, KEY } from '../../../test/support/app.ts'
import { type Answer, ask, type Question } from '../../../test/support/ask.ts'

export { type Answer, ask, type Question }

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
