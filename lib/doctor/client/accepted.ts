import { randomBytes } from 'node:crypto'
import type { Found } from '../finding.ts'
import { weaknessOf } from '../../keys/weak-key.ts'
import { hostOf, isPublic } from './address.ts'
import { judgeCors } from './cors.ts'
import type { Case } from './case.ts'
import { type Answer, headerOf, isAnswer, isRefused, saysSame } from './outcome.ts'
import { judgePath, versionFault } from './path.ts'
import { isPublicPath, type Place, variantOf } from './place.ts'
import { serverOf } from './recognise.ts'
import { OTHERS } from './refused.ts'
import type { ClientCode } from './texts.ts'

/** A key that is let in. */
interface Good {
  /** What was named, and what it answers without a key. */
  readonly path: string
  readonly first: Answer
  readonly place: Place
  /** What is answered there with the key, and how that was sent. */
  readonly answer: Answer
  readonly headers: { readonly authorization: string }
}

/** Says what is wrong although the key is good. */
export async function judgeGood (all: Case, good: Good): Promise<Found<ClientCode>[]> {
  const { asker, origin, show } = all
  const { place, headers, answer } = good
  // How other servers answer pages is their own business, unless it is asked for.
  const isForPages = origin !== undefined || !OTHERS.includes(serverOf(place.answer))
  const found = [
    await judgeCache(all, good),
    await judgeWhere(all, good),
    isForPages ? await judgeCors(asker, place.path, headers, origin, show) : undefined,
    weaknessOf(headers.authorization.slice('Bearer '.length)) === undefined ? undefined : { code: 'key_weak' } as const,
    answer.status === 200 && answer.body === '' && !isPublicPath(place.path) ? { code: 'answer_empty' } as const : undefined
  ].filter(each => each !== undefined)
  const address = asker.proxy === undefined ? answer.address : hostOf(asker.url)
  if (found.length === 0 && asker.url.protocol === 'http:' && isPublic(address)) found.push({ code: 'plain_http' })
  return [...found, { code: 'key_good' }]
}

/** A cache that hands out to everybody what was answered to a key. */
async function judgeCache ({ asker }: Case, { path, first, place, answer }: Good): Promise<Found<ClientCode> | undefined> {
  if (isRefused(first)) {
    if (answer.status !== 200) return undefined
    const again = await asker.ask(place.path)
    return isAnswer(again) && saysSame(again, answer) ? { code: 'cached_answer' } : undefined
  }
  if (first.status !== 200 || !isCached(first)) return undefined
  const past = await asker.ask(`${path}${path.includes('?') ? '&' : '?'}doctor=${randomBytes(6).toString('hex')}`)
  return isAnswer(past) && isRefused(past) ? { code: 'cached_answer' } : undefined
}

function isCached (answer: Answer): boolean {
  const said = ['x-cache', 'x-cache-status', 'x-proxy-cache', 'cf-cache-status', 'cache-status'].map(name => headerOf(answer, name)).join(' ')
  return Number(headerOf(answer, 'age')) > 0 || /\bhit\b/i.test(said)
}

/** Whether the path that was named is one, now that the guard is passed. */
async function judgeWhere (
  { asker, show }: Case, { path, first, place, answer, headers }: Good
): Promise<Found<ClientCode> | undefined> {
  if (place.path === path) return answer.status === 404 ? await judgePath(asker, path, headers, show) : undefined
  if (first.status !== 404 || path === '/') return first.status === 200 ? { code: 'public_route' } : undefined
  if (serverOf(place.answer) === 'DB-GPT' && /^\/v1\b/.test(path)) return { code: 'dbgpt_path', params: { path: show(path) } }
  if (place.path === variantOf(path)) return versionFault(path, place.path, show(place.path))
  return await judgePath(asker, path, headers, show)
}
