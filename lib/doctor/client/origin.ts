import type { Found } from '../finding.ts'
import { judgeGood } from './accepted.ts'
import { bearer } from './asker.ts'
import type { Case } from './case.ts'
import { challengeOf } from './challenge.ts'
import { judgeCors } from './cors.ts'
import type { Direct } from './by-proxy.ts'
import { judgeLogin, loginOf } from './login.ts'
import { judgeOpen } from './open.ts'
import { type Answer, type Fault, isAnswer, isHtml, isRefused } from './outcome.ts'
import { findPlace, type Place } from './place.ts'
import { follow, judgeRedirect, locationOf } from './redirects.ts'
import { asksForPassword, findOtherHeader, hasReadKey, judgeRefusal, MAX_KEY_LENGTH, tryKey } from './refused.ts'
import { judgeServer } from './server.ts'
import type { ClientCode } from './texts.ts'
import { judgeTrouble } from './trouble.ts'

/** How a key in a query is called. */
const IN_URL = /^(?:(?:x-)?api[-_]?key|key|(?:access[-_]?)?token)$/i

export interface Examined {
  readonly found: readonly Found<ClientCode>[]
  /** Why nothing was answered at all. */
  readonly fault?: Fault | undefined
  /** What may be asked by another way, to compare. */
  readonly asked?: Direct | undefined
}

/** Examines an origin by one way: without a key, where one is asked for, and with the key there. */
export async function examineOrigin (all: Case): Promise<Examined> {
  const { asker, key, show } = all
  const start = `${asker.url.pathname}${asker.url.search}`
  const { path, outcome, found: led } = await follow(asker, start, show)
  if (!isAnswer(outcome)) return { found: [], fault: outcome }
  const asked = { path, headers: {}, answer: outcome, bare: outcome }
  // With a key, what sends people to a login may let programs in.
  if (led !== undefined && (led.code !== 'login_page' || key.key === undefined)) return { found: [led], asked }
  const isLogin = led !== undefined || (isHtml(outcome) && loginOf(outcome) !== undefined)
  const place = isLogin ? { path, answer: outcome } : await findPlace(asker, path, outcome)
  if (key.key === undefined) return { found: await examineWithout(all, path, place, outcome), asked }
  return await examineWith(all, path, place, outcome)
}

/** Where there is no key, or none that can be sent. */
async function examineWithout (all: Case, path: string, place: Place, first: Answer): Promise<Found<ClientCode>[]> {
  const { key } = all
  const trouble = judgeTrouble(place.answer)
  if (trouble !== undefined) return [trouble]
  if (!isRefused(place.answer)) return await judgeOpen(all, path, place, first)
  const about = await judgeServer(all, place.answer)
  const defects = key.defects.map(code => ({ code }))
  const isInUrl = [...all.asker.url.searchParams.keys()].some(name => IN_URL.test(name))
  const missing = asksForPassword(place.answer) ? 'asks_password' : isInUrl ? 'key_in_url' : about.isDbgpt ? 'dbgpt_keys_on' : 'key_not_given'
  const lack = key.isPlaceholder ? 'key_placeholder' : missing
  const pages = await examinePages(all, place.path, {})
  return [...defects, ...defects.length > 0 ? [] : [{ code: lack } as const], ...pages, ...about.found]
}

/** Where there is a key. */
async function examineWith (all: Case, path: string, place: Place, first: Answer): Promise<Examined> {
  const { asker, key, show } = all
  const { sent, outcome } = await tryKey(asker, place.path, key)
  const headers = bearer(sent)
  if (!isAnswer(outcome)) return { found: [], fault: outcome }
  const asked = { path: place.path, headers, answer: outcome, bare: place.answer }
  const defects = sent === key.key ? key.defects.map(code => ({ code })) : []
  const here = new URL(place.path, asker.url)
  const target = locationOf(outcome, here)
  const led = target === undefined ? undefined : judgeRedirect(outcome, here, target, show)
  const isTooLong = sent.length > MAX_KEY_LENGTH && outcome.status === 431
  const trouble = led ?? (isTooLong ? { code: 'key_too_long' } as const : judgeKeyed(outcome, place.answer))
  if (trouble !== undefined) return { found: [trouble, ...defects], asked }
  // A login that is a page, or leads to one, stands aside for a key that it knows.
  const isLogin = target === undefined && locationOf(place.answer, here) !== undefined
  const isPage = isHtml(place.answer) && !isHtml(outcome)
  if (!isRefused(place.answer) && !isRefused(outcome) && !isLogin && !isPage) {
    return { found: [...await judgeOpen(all, path, place, first), ...defects], asked }
  }
  const about = await judgeServer(all, place.answer)
  if (isRefused(outcome)) {
    const refusal = await examineRefusal(all, place, outcome, sent)
    return { found: [...defects, ...refusal, ...await examinePages(all, place.path, headers), ...about.found], asked }
  }
  const good = await judgeGood(all, { path, first, place, answer: outcome, headers })
  return { found: [...defects, ...defects.length > 0 ? [{ code: 'cleaned_good' } as const] : [], ...good, ...about.found], asked }
}

/** What is the matter with an answer to a key that tells nothing of it. */
function judgeKeyed (answer: Answer, bare: Answer): Found<ClientCode> | undefined {
  // A page to log in, in place of which there is another page for who is logged in.
  const login = isHtml(bare) && isHtml(answer) ? loginOf(bare) : undefined
  if (login !== undefined) return judgeLogin(login)
  const trouble = judgeTrouble(answer)
  // What refuses who has no key, and fails at a key, fails at looking it up, whatever its words for that are.
  return trouble?.code === 'unavailable' && challengeOf(bare).scheme === 'bearer' ? { code: 'store_unavailable' } : trouble
}

/** Why the key is refused, and whether it would be taken some other way. */
async function examineRefusal (
  { asker, key, show }: Case, { path, answer: bare }: Place, answer: Answer, sent: string
): Promise<Found<ClientCode>[]> {
  const refusal = judgeRefusal(answer, bare, { ...key, key: sent }, show)
  const how = hasReadKey(answer) ? undefined : await findOtherHeader(asker, path, sent)
  if (how === undefined) return [refusal]
  return [{ code: 'key_accepted_otherwise', params: { how } }, ...refusal.code === 'authorization_dropped' ? [refusal] : []]
}

/** What pages of an origin that was named meet, whichever the key. */
async function examinePages (
  { asker, origin, show }: Case, path: string, headers: Readonly<Record<string, string>>
): Promise<Found<ClientCode>[]> {
  const found = origin === undefined ? undefined : await judgeCors(asker, path, headers, origin, show)
  return found === undefined ? [] : [found]
}
