import { isDigestText } from '../../keys/api-key.ts'
import { isDamagedApiKey } from '../../keys/generate.ts'
import { type MistakeKind, mistakeKindOf } from '../../keys/miswritten.ts'
import { weaknessOf } from '../../keys/weak-key.ts'

/** What is wrong with how a key stands in its variable. */
export type Defect = `key_${Exclude<MistakeKind, 'placeholder'> | 'newline' | 'blank' | 'invisible' | 'non_ascii' | 'header' | 'comment'}`

/** A key as it stands in a variable, and what was most likely meant. */
export interface KeyText {
  /** What can be sent; undefined, there is nothing. */
  readonly key: string | undefined
  /** The text as it stands, where that may be a key all the same. */
  readonly raw: string | undefined
  readonly defects: readonly Defect[]
  readonly isPlaceholder: boolean
  readonly isMistyped: boolean
}

const VISIBLE = /^[\x21-\x7e]+$/
// Byte order marks, joiners, directions, soft hyphens: what comes along from web pages, chats and PDF files.
const INVISIBLE = /\p{Cf}|\p{Mn}|(?![\t\n\v\f\r])\p{Cc}/gu
const QUOTES = /^["'`\u2018-\u201f\u00ab\u00bb](.*)["'`\u2018-\u201f\u00ab\u00bb]$/
const QUOTE = /^["'`\u2018-\u201f\u00ab\u00bb]|["'`\u2018-\u201f\u00ab\u00bb]$/
// What else a key is written after, of headers and schemes.
const HEADER = /^(?:proxy-authorization|x-api-key|api-key)[ \t]*:|^(?:basic|token|apikey)[ \t]+(?=\S)/i
// Where secrets are put, as people write it; a key in base64 may begin with a slash.
const FILE = /^@?(?:\/(?:etc|home|root|var|opt|mnt|tmp|app|secrets|Users)\/|~\/|\.\.?\/|[A-Za-z]:\\)|^@\S/
const TWICE = /^(.{16,128})\1$/
const MORE_PLACEHOLDERS = [
  /^(?:sk-)?(?:[x*]{3,}|no[-_]?t?[-_](?:key|needed|required|key[-_]required)|lm-studio|ollama|your[-_ ].*(?:key|token))$/i,
  /(?:\.\.\.|…)$|^\{\{[^]*\}\}$|^(?:insert|replace|paste)[-_ ]/i
]

/** Finds what is wrong, one after the other, and takes it away. */
export function readKeyText (text: string | undefined): KeyText {
  let rest = text ?? ''
  const defects: Defect[] = []
  for (let step = 0; step < 8; step++) {
    const [defect, cleaned] = nextDefect(rest) ?? []
    if (defect === undefined || cleaned === undefined) break
    if (!defects.includes(defect)) defects.push(defect)
    rest = cleaned
  }
  const key = VISIBLE.test(rest) ? rest : undefined
  const isSendable = text !== undefined && VISIBLE.test(text) && defects.length > 0 && text !== key
  const isPlaceholder = mistakeKindOf(rest) === 'placeholder' || MORE_PLACEHOLDERS.some(form => form.test(rest)) || weaknessOf(rest) === 'a placeholder'
  return { key, raw: isSendable ? text : undefined, defects, isPlaceholder, isMistyped: isDamagedApiKey(rest) }
}

/** The next thing that is wrong, and the text without it. */
function nextDefect (text: string): readonly [Defect, string] | undefined {
  const seen = text.replace(INVISIBLE, '')
  if (seen !== text) return ['key_invisible', seen]
  if (/[\r\n\u2028\u2029]/.test(text)) return ['key_newline', text.trim().replace(/[\r\n\u2028\u2029]+/g, '')]
  if (text !== text.trim()) return ['key_blank', text.trim()]
  // A line end that nothing has read as one.
  if (/\\[rn]$/.test(text)) return ['key_newline', text.replace(/(?:\\[rn])+$/, '')]
  if (QUOTES.test(text)) return ['key_quotes', text.replace(QUOTES, '$1')]
  if (/^\{\{[^]*\}\}$/.test(text)) return undefined
  if (/^authorization:/i.test(text)) return ['key_bearer', text.replace(/^[^:]*:/, '')]
  if (HEADER.test(text)) return ['key_header', text.replace(HEADER, '').trim()]
  if (/\S\s+#/.test(text)) return ['key_comment', text.replace(/\s+#.*$/, '')]
  if (FILE.test(text)) return ['key_file_name', '']
  const kind = mistakeKindOf(text)
  if (kind === 'placeholder') return undefined
  if (kind !== undefined) return [`key_${kind}`, withoutMistake(kind, text)]
  if (isDigestText(text)) return ['key_digest', '']
  if (QUOTE.test(text)) return ['key_quotes', text.replace(QUOTE, '')]
  if (TWICE.test(text)) return ['key_several', text.replace(TWICE, '$1')]
  if (text.includes(',')) return ['key_several', text.split(',').find(part => part.trim() !== '') ?? '']
  if (/\s/.test(text)) return ['key_blank', text.replace(/\s+/g, '')]
  // Full-width letters of a Chinese input method, and the like.
  if (/[^\x21-\x7e]/.test(text)) return ['key_non_ascii', text.normalize('NFKC').replace(/[^\x21-\x7e]/g, '')]
  return undefined
}

function withoutMistake (kind: MistakeKind, text: string): string {
  switch (kind) {
    case 'variable': return text.replace(/^[^=:]*(?:=|:[ \t])/, '')
    case 'bearer': return text.replace(/^bearer[ \t]+/i, '')
    case 'dash': return text.slice(2)
    case 'brackets': return text.replace(/^\[|\]$/g, '')
    case 'several': return text.slice(0, text.indexOf(';'))
    case 'json': return /:\s*"([^"]*)"/.exec(text)?.[1] ?? ''
    default: return ''
  }
}
