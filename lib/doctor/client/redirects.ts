import type { Found } from '../finding.ts'
import type { Asker } from './asker.ts'
import { judgeLogin, loginOf } from './login.ts'
import { type Answer, headerOf, isAnswer, type Outcome } from './outcome.ts'
import type { Show } from './secrets.ts'
import type { AnswerCode } from './texts-answer.ts'

const MAX_HOPS = 3

/** Where an address leads within its origin. */
export interface Way {
  readonly path: string
  readonly outcome: Outcome
  /** What is wrong with where it leads. */
  readonly found?: Found<AnswerCode> | undefined
}

/** Returns where an answer sends to; undefined, it sends nowhere. */
export function locationOf (answer: Answer, from: URL): URL | undefined {
  const location = headerOf(answer, 'location')
  if (answer.status < 300 || answer.status > 399 || location === '' || !URL.canParse(location, from.href)) return undefined
  return new URL(location, from)
}

/** Asks without a key, and follows what stays at the origin. */
export async function follow (asker: Asker, start: string, show: Show): Promise<Way> {
  const seen = new Set<string>()
  let path = start
  for (;;) {
    const outcome = await asker.ask(path)
    if (!isAnswer(outcome)) return { path, outcome }
    const here = new URL(path, asker.url)
    const target = locationOf(outcome, here)
    if (target === undefined) return { path, outcome }
    const found = judgeRedirect(outcome, here, target, show)
    if (found !== undefined) return { path, outcome, found }
    seen.add(path)
    path = `${target.pathname}${target.search}`
    if (seen.has(path) || seen.size > MAX_HOPS) return { path: start, outcome, found: { code: 'redirect_loop' } }
  }
}

/** Says what is wrong with a redirect; undefined, it stays at its origin. */
export function judgeRedirect (answer: Answer, here: URL, target: URL, show: Show): Found<AnswerCode> | undefined {
  const params = { target: show(target.origin) }
  const system = loginOf(answer, target.href)
  const isSamePath = target.pathname.replace(/\/$/, '') === here.pathname.replace(/\/$/, '')
  if (target.origin === here.origin) return system === undefined || isSamePath ? undefined : judgeLogin(system)
  if (here.protocol === 'https:' && target.protocol === 'http:' && isSamePath) return { code: 'redirect_to_http', params }
  if (here.protocol === 'http:' && target.protocol === 'https:' && target.hostname === here.hostname) return { code: 'redirect_to_https', params }
  if (system !== undefined) return judgeLogin(system)
  if (here.protocol === 'https:' && target.protocol === 'http:') return { code: 'redirect_to_http', params }
  // What only a slash is missing for is sent on by the server itself, to the host by whose name it was asked.
  if (isSamePath && target.pathname !== here.pathname) return { code: 'redirect_wrong_location', params }
  return { code: 'redirect_other_host', params }
}
