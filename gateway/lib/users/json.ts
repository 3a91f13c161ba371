const SPACE = /\s/

/**
 * Says in a JSON text who calls. All else stays as it was written, numbers of any length included, and so does a null.
 *
 * @param text - JSON that has been parsed before, so that only its strings and brackets need to be told apart
 * @param user - who calls
 * @param names - the members that say so, however their names are escaped; of several with one name, each
 * @param always - those of them that are put in where they are missing
 * @param depth - how deep they are looked for; 1, in the object itself
 */
export function jsonAs (
  text: string, user: string, names: readonly string[], always: readonly string[] = [], depth = 1
): string {
  const value = JSON.stringify(user)
  const parts: string[] = []
  let copied = 0
  for (const { name, level, start, stop } of members(text, depth)) {
    // What stands within a value that is replaced goes with it.
    if (start < copied || !names.includes(name)) continue
    const isNobody = ['null', '""'].includes(text.slice(start, stop))
    if (isNobody && (level > 1 || !always.includes(name))) continue
    parts.push(text.slice(copied, start), value)
    copied = stop
  }
  const said = parts.join('') + text.slice(copied)
  return always.length === 0 ? said : withMembers(said, always, value)
}

interface Member {
  readonly name: string
  readonly level: number
  /** Where its value stands. */
  readonly start: number
  readonly stop: number
}

/** Finds the members of a text's objects, down to a depth. */
function * members (text: string, depth: number): Generator<Member> {
  let level = 0
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string
    if ('{['.includes(character)) level++
    if ('}]'.includes(character)) level--
    if (character !== '"') continue
    const end = endOfString(text, at)
    const colon = skipSpace(text, end)
    if (level <= depth && text[colon] === ':') {
      const start = skipSpace(text, colon + 1)
      yield { name: JSON.parse(text.slice(at, end)) as string, level, start, stop: endOfValue(text, start) }
    }
    at = end - 1
  }
}

/** Puts in what is missing. */
function withMembers (text: string, always: readonly string[], value: string): string {
  const body: unknown = JSON.parse(text)
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return text
  const missing = always.filter(name => !Object.hasOwn(body, name)).map(name => `${JSON.stringify(name)}:${value}`)
  if (missing.length === 0) return text
  const rest = text.slice(text.indexOf('{') + 1)
  return `{${missing.join()}${Object.keys(body).length === 0 ? '' : ','}${rest}`
}

function skipSpace (text: string, at: number): number {
  while (SPACE.test(text.charAt(at))) at++
  return at
}

/** Returns where the string that begins at an index ends, its closing quote included. */
function endOfString (text: string, at: number): number {
  do at += text[at] === '\\' ? 2 : 1; while (text[at] !== '"')
  return at + 1
}

function endOfValue (text: string, at: number): number {
  let level = 0
  do {
    const character = text[at] as string
    if ('{['.includes(character)) level++
    if ('}]'.includes(character)) level--
    at = character === '"' ? endOfString(text, at) : at + 1
  } while (level > 0 || !/^[\s,}\]]?$/.test(text.charAt(at)))
  return at
}
