import type { Found } from '../finding.ts'
import { type Asker, bearer } from './asker.ts'
import { challengeOf } from './challenge.ts'
import { ownerOf } from './key-owner.ts'
import type { KeyText } from './key-text.ts'
import { byHeader } from './intermediary.ts'
import { type Answer, isAnswer, isOpen, type Outcome, saysSame } from './outcome.ts'
import { errorOf, type Server, serverOf } from './recognise.ts'
import { HIDDEN, type Show } from './secrets.ts'
import type { KeyCode } from './texts-key.ts'
import type { RefusalCode } from './texts-refusal.ts'
import type { ProxyCode } from './texts-proxy.ts'
import { holdsGeneratedKey } from '../../keys/generate.ts'

/** What the plugin takes for a key at the most. */
export const MAX_KEY_LENGTH = 512
/** Servers whose keys are their own business. */
export const OTHERS: readonly (Server | undefined)[] = ['vLLM', 'LiteLLM', 'OpenAI', 'Azure OpenAI', 'Anthropic', 'llama.cpp', 'Ollama', 'TGI']

// The words for it of FastAPI, @fastify/bearer-auth, Django; LiteLLM and OpenAI.
const NOTHING_SENT = new RegExp([
  'Not authenticated$', 'missing authorization header', 'Authentication credentials were not provided',
  'Authentication Error, No api key', 'You didn\'t provide an API key'
].map(words => `^${words}`).join('|'), 'i')

/** Says why a key that was sent is refused, by what its text and the answer show. */
export function judgeRefusal (
  answer: Answer, bare: Answer, { key = '', isMistyped, isPlaceholder }: KeyText, show: Show
): Found<KeyCode | ProxyCode | RefusalCode> {
  const { error, description, scope } = challengeOf(answer)
  const { code, message } = errorOf(answer)
  // The challenge is the server's; the message is whatever its owner wrote.
  const said = description === '' ? message : description
  if (error === 'insufficient_scope' || code === 'insufficient_scope') {
    return { code: 'key_scope', params: { scopes: scope === '' ? HIDDEN : show(scope) } }
  }
  if (saysNothingWasSent(answer)) return { code: 'authorization_dropped' }
  if (/\bexpired?\b/i.test(said)) return { code: 'key_expired' }
  if (key.length > MAX_KEY_LENGTH) return { code: 'key_too_long' }
  if (/\bmalformed\b/i.test(said)) return { code: 'key_malformed' }
  if (isMistyped) return { code: 'key_mistyped' }
  if (isPlaceholder) return { code: 'key_placeholder' }
  const name = serverOf(bare) ?? serverOf(answer)
  if (OTHERS.includes(name) && holdsGeneratedKey(key)) return { code: 'key_not_for_server', params: { server: String(name) } }
  const owner = ownerOf(key)
  if (owner !== undefined && name !== undefined && !owner.includes(name)) return { code: 'key_of_other', params: { owner } }
  if (OTHERS.includes(name)) return { code: 'key_unknown_other', params: { server: String(name) } }
  if (asksForPassword(answer)) return { code: 'asks_password' }
  if (answer.status === 403) return { code: saysSame(answer, bare) ? 'forbidden_alike' : 'key_forbidden' }
  if (/^[\da-f]{16}$/.test(key)) return { code: 'key_id' }
  if (/^[\da-f]{64}$/.test(key)) return { code: 'key_unknown_hex' }
  // Some say the same to every 401, so that a proxy may have dropped the key as well.
  const isMute = !hasReadKey(answer) && saysSame(answer, bare) && byHeader(answer) !== undefined
  return { code: isMute ? 'key_unknown_or_dropped' : 'key_unknown' }
}

/** Tells whether a server has seen no key at all, though one was sent. */
function saysNothingWasSent (answer: Answer): boolean {
  const { scheme, error, realm } = challengeOf(answer)
  const { message, code } = errorOf(answer)
  // RFC 6750 §3: a request without credentials gets a challenge without an error. Only who keeps to that says so by it.
  const isBare = answer.status === 401 && scheme === 'bearer' && error === '' && (code === 'invalid_api_key' || realm === 'DB-GPT')
  return isBare || NOTHING_SENT.test(message)
}

/** Tells whether a server asks for a user and a password, as an API. */
export function asksForPassword (answer: Answer): boolean {
  return answer.status === 401 && /^(?:basic|digest)$/.test(challengeOf(answer).scheme)
}

/** Tells whether a server has looked at the key itself, so that no other header will do. */
export function hasReadKey (answer: Answer): boolean {
  const { error, scheme } = challengeOf(answer)
  return scheme === 'bearer' && error !== ''
}

/** Tries other headers, and names the one that a server takes the key in. */
export async function findOtherHeader (asker: Asker, path: string, key: string): Promise<string | undefined> {
  const authorizations = [
    ['Authorization: <key>', key], ['Authorization: Token <key>', `Token ${key}`], ['Authorization: ApiKey <key>', `ApiKey ${key}`],
    ['Authorization: Basic <base64 of key:>', `Basic ${Buffer.from(`${key}:`).toString('base64')}`]
  ] as const
  const works = async (headers: Readonly<Record<string, string>>): Promise<boolean> => {
    const outcome = await asker.ask(path, { headers })
    return isAnswer(outcome) && isOpen(outcome)
  }
  // Both at once: which of them it was is asked only if it was one.
  if (await works({ 'x-api-key': key, 'api-key': key })) {
    return await works({ 'x-api-key': key }) ? 'X-API-Key: <key>' : 'api-key: <key>'
  }
  for (const [name, authorization] of authorizations) if (await works({ authorization })) return name
  return undefined
}

/** Tries the key as it stands where that may be one, then what was most likely meant. */
export async function tryKey (
  asker: Asker, path: string, { raw, key = '' }: KeyText
): Promise<{ readonly sent: string, readonly outcome: Outcome }> {
  if (raw !== undefined) {
    const outcome = await asker.ask(path, { headers: bearer(raw) })
    if (isAnswer(outcome) && isOpen(outcome)) return { sent: raw, outcome }
  }
  return { sent: key, outcome: await asker.ask(path, { headers: bearer(key) }) }
}
