/**
 * Decodes a text that somebody's editor or shell wrote: UTF-8, with a byte order mark or without, and any line ends.
 *
 * @param invalid - makes the error that is thrown, from what is wrong
 */
export function decodeText (bytes: Uint8Array, invalid: (problem: string) => Error): string {
  const mark = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)
  if (mark === 0xfffe || mark === 0xfeff) throw invalid('it is UTF-16: save it as UTF-8')
  if (bytes.includes(0)) throw invalid('it holds a NUL: save it as text in UTF-8')
  // Of files that were put one behind the other, each may begin with a mark.
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).replace(/\r\n?/g, '\n').replace(/^\ufeff+/gm, '')
}

/** Parses a text as JSON; undefined, it is none. */
export function parseJson (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
