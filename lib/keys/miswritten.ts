import { weaknessOf } from './weak-key.ts'

const VARIABLE = /^(?:(?:export|set)[ \t]+|\$env:)?(?:[A-Z][A-Z0-9_]{2,}|[Aa]pi[_-]?[Kk]eys?)(?:[ \t]*=[ \t]*[^= \t]|:[ \t])/
// As bcrypt, argon2, scrypt and crypt(3) begin them; the commas of argon2 make several entries of one.
const HASH = /^\$(?:2[abxy]|argon2(?:id|i|d)|scrypt|y|[156])\$/
// What generated keys are made of (RFC 6750 §2.1, and the colon of a digest). A long random key of any characters may
// well have a semicolon in it, but hardly two such parts.
const TOKEN = /^[\w.~+/:-]+=*$/

// As a path is written, or a name with an ending that keys do not have.
const FILE_NAME = /^(?:file:|@?(?:\/run\/secrets\/|(?:\.{0,2}\/)?[\w./-]+\.(?:json|txt|env|toml|ya?ml)$))/

// Base32 and base64 end in "=", so a name needs a value behind it. What holds a blank is no key, and is told so with this.
const MISTAKES = [
  ['quotes', 'is in quotes: drop them', text => /^(["'`])[^]*\1$/.test(text)],
  ['brackets', 'is in brackets: give the keys alone, with commas between them', text => /^\[[^]*\]$|^[[\]]$/.test(text)],
  ['placeholder', 'is a placeholder that nothing has filled in', text => /^(?:\$\{[^]*\}|\$\([^]*\)|\$[A-Z_]\w*|%\w+%|<[^]*>|\{\{[^]*\}\}|\{[Yy]our[^]*\})$/.test(text)],
  ['file_name', 'is the name of a file: give that as API_KEYS_FILE', text => FILE_NAME.test(text)],
  ['file_name', 'is the URL of a Redis: give that as API_KEYS_REDIS_URL', text => /^rediss?:\/\//.test(text)],
  ['digest', 'is a digest without "sha256:" before it', text => /^sha-?256[=_-][\da-f]{64}$/i.test(text)],
  ['hash', 'is a salted hash, by which no key can be found: give its holder a new key', text => HASH.test(text)],
  ['json', 'begins as JSON does: give the key alone', text => text.startsWith('{"')],
  ['variable', 'begins with the name of a variable: give its value alone', text => VARIABLE.test(text)],
  ['bearer', 'begins with "Bearer": drop it', text => /^(?:Authorization:[ \t]*)?Bearer[ \t]/i.test(text)],
  ['dash', 'begins with a dash and a blank: drop them', text => /^-[ \t]/.test(text)],
  ['several', 'holds keys with ";" between them: put commas there', text => {
    return text.includes(';') && text.split(';').filter(part => TOKEN.test(part) && weaknessOf(part) === undefined).length > 1
  }]
] as const satisfies readonly (readonly [kind: string, mistake: string, holds: (text: string) => boolean])[]

/** What makes a text no key at all, whatever it was to be. */
const BROKEN: readonly (readonly [mistake: string, pattern: RegExp])[] = [
  ['has a comment behind it: put that on a line of its own', /[ \t](?:#|\/\/|;)/],
  ['holds a line end: two keys have a comma between them', /[\r\n]/],
  ['holds a comma or semicolon that is not ASCII: put "," there', /[，、；]/],
  ['holds quotes that are not ASCII: drop them', /[“”‘’„«»]/],
  ['holds a character that cannot be seen: copy the key again', /[\p{Cf}\u00a0\u2000-\u200a\u202f\u3000]/u],
  ['holds a blank: two keys have a comma between them', /[ \t]/]
]

/** How a text that should be a key was miswritten, by a word. */
export type MistakeKind = (typeof MISTAKES)[number][0]

/**
 * Says how a text that should be a key was most likely miswritten, and the way out, without a word of it. All of these
 * but those with blanks may be keys all the same.
 */
export function mistakeOf (text: string): string | undefined {
  return MISTAKES.find(([, , holds]) => holds(text))?.[1] ?? BROKEN.find(([, pattern]) => pattern.test(text))?.[0]
}

/** Says the same by a word. */
export function mistakeKindOf (text: string): MistakeKind | undefined {
  return MISTAKES.find(([, , holds]) => holds(text))?.[0]
}
