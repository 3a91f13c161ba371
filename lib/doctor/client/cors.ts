import type { Found } from '../finding.ts'
import type { Asker } from './asker.ts'
import { type Answer, headerOf, isAnswer, isRefused } from './outcome.ts'
import { HIDDEN, type Show } from './secrets.ts'
import type { AuthCode } from './texts-auth.ts'

/** A page's origin where none is given: nobody has that name (RFC 6761 §6.4). */
const NOBODY = 'https://page.invalid'

/**
 * Asks as a browser does for a page of another origin.
 *
 * @param headers - the key's, or none
 * @param origin - the page's; undefined, a server without CORS is none the worse for it
 */
export async function judgeCors (
  asker: Asker, path: string, headers: Readonly<Record<string, string>>, origin: string | undefined, show: Show
): Promise<Found<AuthCode> | undefined> {
  const from = { origin: origin ?? NOBODY }
  const preflight = await asker.ask(path, {
    method: 'OPTIONS', headers: { ...from, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' }
  })
  const answer = await asker.ask(path, { headers: { ...from, ...headers } })
  if (!isAnswer(preflight) || !isAnswer(answer)) return undefined
  const allowed = allowedBy(answer)
  const params = { origin: origin === undefined ? HIDDEN : show(origin) }
  if (/,/.test(allowed) || /,/.test(allowedBy(preflight))) return { code: 'cors_twice' }
  const isRefusedBefore = isRefused(preflight) && allowedBy(preflight) === ''
  if (origin === undefined) {
    // What knows some origins says that its answers vary by them, also to another one.
    if (isRefusedBefore && (allowed !== '' || (saysCors(answer) && !saysCors(preflight)))) return { code: 'cors_preflight_refused' }
    if (allowed === '') return undefined
    return allowedBy(preflight) === '' || takesKey(preflight) ? undefined : { code: 'cors_no_authorization' }
  }
  const isAllowed = (text: string): boolean => text === '*' || text === origin
  const isUnknown = allowed === '' && isRefused(answer)
  if (isRefusedBefore && (allowed !== '' || isUnknown || saysCors(answer))) return { code: 'cors_preflight_refused' }
  if (allowed === '' && allowedBy(preflight) === '') {
    return saysCors(answer) || saysCors(preflight) ? { code: 'cors_origin', params } : { code: 'cors_none', params }
  }
  if (!isAllowed(allowedBy(preflight)) || (allowed !== '' && !isAllowed(allowed))) return { code: 'cors_origin', params }
  if (!takesKey(preflight)) return { code: 'cors_no_authorization' }
  const bare = await asker.ask(path, { headers: from })
  return isAnswer(bare) && isRefused(bare) && !isAllowed(allowedBy(bare)) ? { code: 'cors_unreadable', params } : undefined
}

function allowedBy (answer: Answer): string {
  return headerOf(answer, 'access-control-allow-origin')
}

/** A star does not cover Authorization (https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name). */
function takesKey (preflight: Answer): boolean {
  return headerOf(preflight, 'access-control-allow-headers').toLowerCase().split(/[\s,]+/).includes('authorization')
}

/** What knows CORS but not this origin says so by other headers. */
function saysCors (answer: Answer): boolean {
  return /\borigin\b/i.test(headerOf(answer, 'vary')) || Object.keys(answer.headers).some(name => name.startsWith('access-control-'))
}
