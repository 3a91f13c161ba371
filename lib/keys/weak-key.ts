/** What to do about keys that can be guessed. */
export type WeakKeys = 'refuse' | 'warn' | 'allow'

const MIN_LENGTH = 20
const MIN_DISTINCT = 8

// Without case and punctuation. Whatever is short or monotonous is found without being listed.
const PLACEHOLDERS = new Set([
  'dbgpt', 'empty', 'test', 'testing', 'testkey', 'testtoken', 'changeme', 'changeit', 'secret', 'password', 'admin',
  'apikey', 'key', 'token', 'none', 'null', 'undefined', 'dummy', 'example', 'placeholder', 'default', 'demo', 'dev',
  'yourapikey', 'yourapikeyhere', 'yourapikeygoeshere', 'yourdbgptapikey', 'youropenaiapikey', 'yoursecretkey',
  'yoursecretapikey', 'yoursecretapikeyhere', 'mysecretapikey', 'mysupersecretapikey', 'replacewithyourapikey',
  'replacethiswithyourapikey', 'replacemewitharealkey', 'replacemewithastrongkey', 'insertyourapikeyhere',
  'putyourapikeyhere', 'enteryourapikeyhere', 'pleasechangethiskey', 'thisisnotarealapikey', 'changemeinproduction',
  'changethisinproduction', 'supersecretapikey', 'verysecretapikey', 'thisisasecretkey', 'thisisaverysecretkey',
  'correcthorsebatterystaple', 'abcdefghijklmnopqrstuvwxyz', 'abcdefghijklmnopqrstuvwxyz0123456789',
  '01234567890123456789', '12345678901234567890', '1234567890abcdef1234567890abcdef', '0123456789abcdef0123456789abcdef',
  'qwertyuiopasdfghjklzxcvbnm'
])

/**
 * Judges whether a key can be guessed.
 *
 * @param key - the key's text
 * @returns what is weak about it, without a word of it; undefined if nothing is
 */
export function weaknessOf (key: string): string | undefined {
  if (PLACEHOLDERS.has(key.toLowerCase().replaceAll(/[^a-z0-9]/g, ''))) return 'a placeholder'
  if (key.length < MIN_LENGTH) return `shorter than ${MIN_LENGTH} characters`
  if (new Set(key).size < MIN_DISTINCT) return `of fewer than ${MIN_DISTINCT} distinct characters`
  return undefined
}

/**
 * Makes one text of a few findings.
 *
 * @param findings - at least one
 */
export function summarize (findings: readonly string[]): string {
  const shown = findings.slice(0, 5).join(', ')
  return findings.length > 5 ? `${shown}, and ${findings.length - 5} more` : shown
}
