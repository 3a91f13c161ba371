import { FST_DBGPT_AUTH_KEY_INVALID } from '../../errors.ts'
import { formatScopes, printJson, printTable } from '../call/print.ts'
import { JSON_OPTION, SCOPES_OPTION, scopesOption, STORE_OPTIONS, UsageError } from '../call/options.ts'
import { labelOf } from '../../doctor/server/keys.ts'
import { judgeKey, type Verdict } from '../call/judge.ts'
import { readText } from '../call/read-key.ts'
import { judgingStoreOf, withoutPlace } from '../call/store.ts'
import type { Call, Command } from '../call/types.ts'
import { visible } from '../call/visible.ts'

const REFUSED = 1

/** `dbgpt-auth verify` */
export const verify: Command = {
  summary: 'say whether the key on standard input is good, and if not, why',
  operands: [],
  options: {
    json: JSON_OPTION,
    scopes: { ...SCOPES_OPTION, help: 'what the key should be allowed to do: scopes, with blanks or commas between them' },
    ...STORE_OPTIONS,
    store: { ...STORE_OPTIONS.store as typeof JSON_OPTION, help: 'a file, or redis://… (default: what a server started here would take, API_KEYS and .env included)' }
  },
  async run (call) {
    const { values, streams: { stdin, stdout } } = call
    const scopes = scopesOption(call)
    if (scopes?.length === 0) throw new UsageError('--scopes must name a scope')
    const store = judgingStoreOf(call)
    const text = await readText(stdin).catch(unreadable)
    const verdict = typeof text === 'string' ? concealed(await judgeKey(text, store, scopes), call) : text
    if (values.json === true) printJson(stdout, toJson(verdict))
    else if (verdict.verdict === 'good') printTable(stdout, [['good', ''], ...rows(verdict)])
    else stdout.write(`${verdict.verdict}: ${visible(sentence(verdict))}\n`)
    return verdict.verdict === 'good' ? 0 : REFUSED
  }
}

/** What is no text is no key. */
function unreadable (error: Error): Verdict {
  if (error instanceof FST_DBGPT_AUTH_KEY_INVALID) return { verdict: 'malformed', why: error.message }
  throw error
}

function concealed (verdict: Verdict, call: Call): Verdict {
  if (verdict.verdict !== 'unavailable') return verdict
  return { ...verdict, cause: new Error(withoutPlace(verdict.cause.message, call)) }
}

function rows ({ key }: Extract<Verdict, { key: unknown }>): string[][] {
  const { id, name = '-', expiresAt } = key
  return [['id', id], ['name', name], ['scopes', formatScopes(key)], ['expires', expiresAt?.toISOString() ?? 'never']]
}

function toJson (verdict: Verdict): object {
  const { verdict: word } = verdict
  if (word === 'good') return { good: true, key: recordOf(verdict.key) }
  const reason = { good: false, reason: word, message: sentence(verdict) }
  if (word === 'expired') return { ...reason, key: recordOf(verdict.key) }
  if (word === 'scope') return { ...reason, key: recordOf(verdict.key), missingScopes: verdict.missing }
  if (word === 'revoked') return { ...reason, id: verdict.id, name: verdict.name, revokedAt: verdict.at, revokedBy: verdict.actor }
  return reason
}

function recordOf ({ id, name, createdAt, expiresAt, scopes }: Extract<Verdict, { key: unknown }>['key']): object {
  return { id, name, createdAt, expiresAt, scopes }
}

/** Says why a key is not good, without a word of it. */
function sentence (verdict: Exclude<Verdict, { readonly verdict: 'good' }>): string {
  switch (verdict.verdict) {
    case 'missing': return 'there is no key on standard input: does what is piped in print it?'
    case 'malformed': return verdict.why ?? 'what is on standard input is no key: a key is 1 to 512 visible ASCII characters, without blanks'
    case 'mistyped': return 'its checksum is wrong: it is mistyped or cut short'
    case 'miswritten': return `it ${verdict.mistake}${verdict.without ? '. Without that, it is good' : ''}`
    case 'unknown': return 'it is not in the list, and nothing is known of it'
    case 'expired': return `the key ${labelOf(verdict.key)} has expired, at ${(verdict.key.expiresAt as Date).toISOString()}`
    case 'revoked': return `the key ${labelOf(verdict as { id: string })} was revoked at ${verdict.at.toISOString()} by ${verdict.actor}`
    case 'scope': return `the key ${labelOf(verdict.key)} is good, and lacks the scopes ${verdict.missing.join(' ')}`
    case 'unavailable': return `the keys cannot be looked at: ${verdict.cause.message}`
  }
}
