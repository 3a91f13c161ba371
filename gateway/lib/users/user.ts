import type { ApiKey } from 'fastify-dbgpt-auth'

/** What DB-GPT takes for a user, also in the paths and in the SQL that it makes of it; its tables keep 128 characters. */
const USER = /^[A-Za-z0-9_-]{1,128}$/

/**
 * Returns which user of DB-GPT a key is: `metadata.user`, else its name; its id where that is no user's name.
 *
 * @param key - the key of the request
 */
export function userOf (key: ApiKey): string {
  const user = askedUser(key) ?? key.name
  return isUser(user) ? user : key.id
}

/**
 * Tells whether a key's metadata names a user that DB-GPT cannot have.
 *
 * @param key - the key
 */
export function isMisnamed (key: ApiKey): boolean {
  const user = askedUser(key)
  return user != null && !isUser(user)
}

function askedUser ({ metadata }: ApiKey): unknown {
  return metadata != null && Object.hasOwn(metadata, 'user') ? metadata.user : undefined
}

function isUser (user: unknown): user is string {
  return typeof user === 'string' && USER.test(user)
}
