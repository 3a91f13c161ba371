import type { IncomingHttpHeaders } from 'node:http'
import { parseJson } from '../../keys/text.ts'

/** How the body of an answer ended; `cut`: there was more of it than is read. */
export type End = 'whole' | 'cut' | 'truncated' | 'endless'

/** What a server has answered. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Its beginning, at the most. */
  readonly body: string
  readonly end: End
  /** The address that has answered. */
  readonly address: string
}

/** Where a request got to: `limit`, it was one too many. */
export type Stage = 'connect' | 'tls' | 'answer' | 'proxy' | 'limit'

/** Why there is no answer. */
export interface Fault {
  readonly stage: Stage
  /** Node's or OpenSSL's word for it, or the status of a proxy that has opened no tunnel. */
  readonly code: string
  /** What came in place of an answer. */
  readonly bytes?: Buffer | undefined
}

export type Outcome = Answer | Fault

/** A request that took too long is given this code. */
export const TIMEOUT = 'TIMEOUT'

/** Tells an answer from a fault. */
export function isAnswer (outcome: Outcome | undefined): outcome is Answer {
  return outcome !== undefined && 'status' in outcome
}

/** Returns a header's value, as text. */
export function headerOf ({ headers }: Answer, name: string): string {
  return String(headers[name] ?? '')
}

/** Tells whether the body is, or begins as, a page. */
export function isHtml (answer: Answer): boolean {
  return /\bhtml\b/i.test(headerOf(answer, 'content-type')) || /^\s*<(?:!doctype html|html)\b/i.test(answer.body)
}

/** Returns the body, if it is an object in JSON. */
export function jsonOf ({ body }: Answer): Readonly<Record<string, unknown>> | undefined {
  const value = parseJson(body)
  return typeof value === 'object' && value !== null ? value as Record<string, unknown> : undefined
}

/** Tells whether a request was let in, whatever it asked for. */
export function isOpen (answer: Answer): boolean {
  return (answer.status >= 200 && answer.status < 300) || answer.status === 404 || answer.status === 405
}

/** Tells whether a request was refused for its credentials. */
export function isRefused ({ status }: Answer): boolean {
  return status === 401 || status === 403
}

/** Tells whether two answers are of one text. */
export function saysSame (one: Answer, other: Answer): boolean {
  return one.status === other.status && one.body === other.body
}
