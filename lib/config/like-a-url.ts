const LIKE_A_URL = /^(?![a-z]:)[^/\\]*:/i

/** What to do with a file that is named like a URL, for errors. */
export const COLON = 'a file with a colon in its name is given as ./keys:v1.json'

/**
 * Tells whether a text begins like a URL or a host and its port, but for the letter of a drive: as the path of a file
 * it would be a mistake, and it may hold a password.
 */
export function isLikeUrl (text: string): boolean {
  return LIKE_A_URL.test(text)
}
