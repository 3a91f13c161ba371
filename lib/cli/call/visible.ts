// Control and format characters (of direction among them), line and paragraph separators, blanks but the common ones
// of ASCII and of Chinese, halves of surrogate pairs, and what Unicode itself calls ignorable. A line end is left to lay
// JSON out; no name can have one.
const UNSEEN = /(?![ \n\u3000])[\p{Cc}\p{Cf}\p{Cs}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu

/**
 * Escapes the characters of a text that cannot be seen, or that make a terminal show something else, as JSON does:
 * `\u202e`. What stands for a text in JSON still does so.
 */
export function visible (text: string): string {
  return text.replaceAll(UNSEEN, found => Array.from({ length: found.length }, (_, index) =>
    `\\u${found.charCodeAt(index).toString(16).padStart(4, '0')}`).join(''))
}
