// What str.isprintable() denies, but for the space: the general categories "Other" and "Separator".
const UNPRINTABLE = /(?! )[\p{C}\p{Z}]/gu
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Writes a string as Python's `repr` does. */
export function pythonRepr (text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text.replaceAll('\\', '\\\\').replaceAll(UNPRINTABLE, escape)
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote
}

function escape (character: string): string {
  const code = character.codePointAt(0) as number
  const [letter, width] = code <= 0xff ? ['x', 2] as const : code <= 0xffff ? ['u', 4] as const : ['U', 8] as const
  return SHORT[character] ?? `\\${letter}${code.toString(16).padStart(width, '0')}`
}
