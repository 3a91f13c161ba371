import type { RejectionReason } from '../types.ts'

/** Of a key that nobody knows, no more is said than its challenge says: what would help a guesser is not in it. */
const WHAT_TO_DO: Readonly<Record<RejectionReason, string>> = {
  missing: 'No API key was sent: send Authorization: Bearer <key>',
  malformed: 'What was sent is no API key: send Authorization: Bearer <key>, one key without blanks or line breaks in it',
  unknown: 'The API key is not valid: compare it with the one that you were given, or ask whoever runs this service for another',
  expired: 'The API key has expired: ask whoever runs this service for a new one',
  scope: 'The API key may not do this: ask whoever runs this service for one with the scopes that WWW-Authenticate names',
  unavailable: 'API keys cannot be checked just now, yours is not the reason: try again in a moment'
}

/** Says in one sentence what to do about a rejection, and where more is said. */
export function explain (reason: RejectionReason): string {
  return `${WHAT_TO_DO[reason]}. See fastify-dbgpt-auth, docs/errors.md#${reason}`
}
