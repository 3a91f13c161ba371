/** What people copy along with a key: what curl wants before a header, its name, its scheme, or a variable's name. */
const LABEL =
  /^(?:(?:-H|--header|export|set)\s+|(?:(["'])authorization\1|authorization)\s*:\s*|\w*api_keys?\s*[=:]\s*|bearer\s+)/i
const QUOTED = /^(["'`])(.*)\1$/s
const QUOTED_BY_AN_EDITOR = /^[“‘](.*)[”’]$/s
// Nobody sees them, and no key has them.
const INVISIBLE = /[\u200b-\u200d\u2060\ufeff]/g
/** More wrappings than people put around a key. */
const MAX_WRAPPINGS = 8

/**
 * Takes what people copied along with a key off it; what is not understood stays.
 *
 * @param pasted - what was typed into the form
 * @returns the key; several, if it is a list of them
 */
export function keysOf (pasted: string): readonly string[] {
  let text = pasted.replace(INVISIBLE, '').trim()
  let isList = false
  for (let i = 0; i < MAX_WRAPPINGS; i++) {
    const label = LABEL.exec(text)?.[0] ?? ''
    // A list is what is split at commas where it is read, too: API_KEYS alone.
    isList ||= /api_keys\s*[=:]/i.test(label)
    text = text.slice(label.length).replace(QUOTED, '$2').replace(QUOTED_BY_AN_EDITOR, '$1').trim()
  }
  const keys = isList ? text.split(',').map(key => key.trim()) : [text]
  return keys.filter(key => key !== '')
}
