/** How many scopes a key may have, and a route ask for. */
export const MOST_SCOPES = 50

// RFC 6749 §3.3
const TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** The lists that were taken here: frozen, they are good for ever, and not looked at again with each request. */
const taken = new WeakSet<object>()

/** Tells whether a value is a list of scopes: an array of at most {@link MOST_SCOPES} scope tokens. */
export function isScopes (value: unknown): value is readonly string[] {
  if (taken.has(value as object)) return true
  if (!Array.isArray(value) || value.length > MOST_SCOPES) return false
  // Not by every(), which passes over what is left out of an array.
  for (const scope of value) if (typeof scope !== 'string' || !TOKEN.test(scope)) return false
  return true
}

/** Returns a frozen copy of a list of scopes, in its order and each once; undefined, it is none. */
export function takeScopes (value: unknown): readonly string[] | undefined {
  const scopes = Array.isArray(value) ? [...new Set(value)] : undefined
  if (!isScopes(scopes)) return undefined
  taken.add(scopes)
  return Object.freeze(scopes)
}
