import { FST_DBGPT_AUTH_KEY_MISWRITTEN, FST_DBGPT_AUTH_KEY_WEAK } from '../errors.ts'
import type { KeyStoreLog } from '../types.ts'

/** What to do about keys that can be guessed, or were most likely miswritten. */
export type WeakKeys = 'refuse' | 'warn' | 'allow'

const MIN_LENGTH = 20
const MIN_DISTINCT = 8

// Without case and punctuation. Whatever is short or monotonous is found without being listed.
const PLACEHOLDERS = new Set(`
  dbgpt empty test testing testkey testtoken changeme changeit secret password admin apikey key token none null
  undefined dummy example placeholder default demo dev yourapikey yourapikeyhere yourapikeygoeshere yourdbgptapikey
  youropenaiapikey yoursecretkey yoursecretapikey yoursecretapikeyhere mysecretapikey mysupersecretapikey
  replacewithyourapikey replacethiswithyourapikey replacemewitharealkey replacemewithastrongkey insertyourapikeyhere
  putyourapikeyhere enteryourapikeyhere pleasechangethiskey thisisnotarealapikey changemeinproduction
  changethisinproduction supersecretapikey verysecretapikey thisisasecretkey thisisaverysecretkey
  correcthorsebatterystaple abcdefghijklmnopqrstuvwxyz abcdefghijklmnopqrstuvwxyz0123456789 01234567890123456789
  12345678901234567890 1234567890abcdef1234567890abcdef 0123456789abcdef0123456789abcdef qwertyuiopasdfghjklzxcvbnm
`.trim().split(/\s+/))

/** Says what is weak about a key, without a word of it; undefined, it cannot be guessed. */
export function weaknessOf (key: string): string | undefined {
  if (PLACEHOLDERS.has(key.toLowerCase().replaceAll(/[^a-z0-9]/g, ''))) return 'a placeholder'
  if (key.length < MIN_LENGTH) return `shorter than ${MIN_LENGTH} characters`
  if (new Set(key).size < MIN_DISTINCT) return `of fewer than ${MIN_DISTINCT} distinct characters`
  return undefined
}

/** What is doubtful about which keys of a list, without a word of them. */
interface Findings {
  readonly mistakes: readonly string[]
  readonly weaknesses: readonly string[]
}

/**
 * Does about the doubtful keys of a list what is to be done.
 *
 * @throws `FST_DBGPT_AUTH_KEY_MISWRITTEN` or `FST_DBGPT_AUTH_KEY_WEAK` if they are refused
 */
export function judgeKeys ({ mistakes, weaknesses }: Findings, weakKeys: WeakKeys, log: Pick<KeyStoreLog, 'warn'> | undefined): void {
  if (weakKeys === 'allow') return
  if (mistakes.length > 0) {
    if (weakKeys === 'refuse') throw new FST_DBGPT_AUTH_KEY_MISWRITTEN(summarize(mistakes))
    log?.warn({ code: 'keys_miswritten' }, `API keys that look miswritten, taken as they stand: ${summarize(mistakes)}`)
  }
  if (weaknesses.length > 0) {
    if (weakKeys === 'refuse') throw new FST_DBGPT_AUTH_KEY_WEAK(summarize(weaknesses))
    log?.warn({ code: 'keys_weak' }, `Weak API keys, fit for development only: ${summarize(weaknesses)}`)
  }
}

/** Makes one text of the first few findings. */
export function summarize (findings: readonly string[]): string {
  const shown = findings.slice(0, 5).join(', ')
  return findings.length > 5 ? `${shown}, and ${findings.length - 5} more` : shown
}
