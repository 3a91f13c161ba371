const SHARED = 6
/** Stands for what is not shown. */
export const HIDDEN = '…'

/** Shows text of others, which may hold a secret, or a part of it, in some spelling. */
export type Show = (text: string) => string

/** Decodes what stands in a URL, where that can be done. */
export function decoded (text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Returns what shows text only if it shares nothing with the secrets. */
export function buildShow (secrets: readonly string[]): Show {
  const spellings = secrets.flatMap(spellingsOf).map(text => text.toLowerCase()).filter(text => text !== '')
  return text => {
    const lower = text.toLowerCase()
    const isPlain = /^[\x20-\x7e]{0,200}$/.test(text)
    return isPlain && !spellings.some(secret => shares(lower, secret)) ? text : HIDDEN
  }
}

function spellingsOf (secret: string): string[] {
  const bytes = Buffer.from(secret)
  // Base64 looks otherwise by what stands before: all three positions.
  const base64 = [0, 1, 2].map(shift => {
    return Buffer.concat([Buffer.alloc(shift, ' '), bytes]).toString('base64').slice(shift === 0 ? 0 : shift + 1, -2)
  })
  const percent = [...bytes].map(byte => `%${byte.toString(16).padStart(2, '0')}`).join('')
  const plain = [secret, encodeURIComponent(bytes.toString()), percent, bytes.toString('hex'), ...base64, bytes.toString('base64url')]
  return [...plain, ...plain.map(text => [...text].reverse().join(''))]
}

function shares (text: string, secret: string): boolean {
  if (secret.length <= SHARED) return text.includes(secret)
  for (let start = 0; start + SHARED <= secret.length; start++) {
    if (text.includes(secret.slice(start, start + SHARED))) return true
  }
  return false
}
