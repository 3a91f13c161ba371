import { type Answer, headerOf } from './outcome.ts'

/** What a server says of the credentials that it asks for (RFC 9110 §11.6.1, RFC 6750 §3). */
export interface Challenge {
  readonly scheme: string
  readonly realm: string
  readonly error: string
  readonly description: string
  readonly scope: string
}

/** Reads the challenge of an answer: the one for keys, if there are several. */
export function challengeOf (answer: Answer): Challenge {
  const value = headerOf(answer, 'www-authenticate')
  const parameter = (name: string): string => new RegExp(`\\b${name}="([^"]*)"`, 'i').exec(value)?.[1] ?? ''
  return {
    scheme: ((/(?:^|,)\s*(bearer)\b(?!=)/i.exec(value) ?? /^\s*([\w-]+)/.exec(value))?.[1] ?? '').toLowerCase(),
    realm: parameter('realm'),
    error: parameter('error'),
    description: parameter('error_description'),
    scope: parameter('scope')
  }
}
