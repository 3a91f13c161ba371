import { createError } from '@fastify/error'

// Start-up errors: each names the place and the way out, never a key's text.

/** An option is of the wrong type or out of its bounds. */
export const FST_DBGPT_AUTH_OPTION = createError('FST_DBGPT_AUTH_OPTION', 'The option "%s" must be %s')

/** A variable, or the `.env` file, cannot be read or holds a value that is not allowed. */
export const FST_DBGPT_AUTH_ENVIRONMENT = createError('FST_DBGPT_AUTH_ENVIRONMENT', 'Bad environment: %s')

/** More than one variable names a source of keys. */
export const FST_DBGPT_AUTH_KEY_SOURCES = createError(
  'FST_DBGPT_AUTH_KEY_SOURCES', '%s are set, but keys come from one place: unset all but one of them'
)

/** A list of keys is set but holds none. */
export const FST_DBGPT_AUTH_KEYS_EMPTY = createError(
  'FST_DBGPT_AUTH_KEYS_EMPTY', '%s is set but holds no key: put a key in it, or leave it unset'
)

/** An entry of a list of keys is no key. */
export const FST_DBGPT_AUTH_KEY_INVALID = createError('FST_DBGPT_AUTH_KEY_INVALID', '%s is not a valid API key: %s')

/** A key that can be guessed is set in production. */
export const FST_DBGPT_AUTH_KEY_WEAK = createError(
  'FST_DBGPT_AUTH_KEY_WEAK', '%s, and NODE_ENV is production: use a long random key, or set the option allowWeakKeys'
)

/** Authentication must be on, but there are no keys. */
export const FST_DBGPT_AUTH_KEYS_REQUIRED = createError(
  'FST_DBGPT_AUTH_KEYS_REQUIRED',
  '%s, but no API keys are configured: set API_KEYS (or API_KEYS_FILE, or the option keys), ' +
  'or turn authentication off with API_AUTH=off (or the option mode)'
)

/** Two guards would check the same requests. */
export const FST_DBGPT_AUTH_NESTED = createError(
  'FST_DBGPT_AUTH_NESTED',
  'fastify-dbgpt-auth is registered inside a scope that it already guards: register it once at the root, or once in each sibling scope'
)

/** A key store could not be opened. */
export const FST_DBGPT_AUTH_KEY_STORE_OPEN = createError(
  'FST_DBGPT_AUTH_KEY_STORE_OPEN', 'The key store could not be opened: see the cause'
)

/** Keys are in Redis, and its client is not installed. */
export const FST_DBGPT_AUTH_REDIS_CLIENT = createError(
  'FST_DBGPT_AUTH_REDIS_CLIENT', 'Keys in Redis need the package @redis/client: run "npm install @redis/client"'
)

/** A Redis cannot be reached, refuses, or holds something that is no list of keys. */
export const FST_DBGPT_AUTH_REDIS = createError('FST_DBGPT_AUTH_REDIS', 'Redis at %s cannot be used: %s')

/** A Redis holds no list of keys. */
export const FST_DBGPT_AUTH_REDIS_EMPTY = createError(
  'FST_DBGPT_AUTH_REDIS_EMPTY',
  'Redis at %s holds no list of keys, there is no %s: create a first key with "dbgpt-auth create", or restore what was lost'
)

// Run-time errors.

/** A request was refused for its credentials. Without a stack trace: it is no fault, and a flood of them is cheap so. */
export const FST_DBGPT_AUTH_UNAUTHORIZED = createError(
  'FST_DBGPT_AUTH_UNAUTHORIZED', 'A valid API key is required', 401, Error, false
)

/** The key store did not say whether it knows a key. */
export const FST_DBGPT_AUTH_KEY_STORE_UNAVAILABLE = createError(
  'FST_DBGPT_AUTH_KEY_STORE_UNAVAILABLE', 'The key store is unavailable', 503
)

/** A key store answered with something that is no record of the key asked for. */
export const FST_DBGPT_AUTH_KEY_STORE_ANSWER = createError(
  'FST_DBGPT_AUTH_KEY_STORE_ANSWER', 'The key store\'s answer is no record of the key: %s'
)

/** The option `getKey` answered by promise. */
export const FST_DBGPT_AUTH_GET_KEY = createError(
  'FST_DBGPT_AUTH_GET_KEY', 'getKey returned a promise: it must return the key at once'
)

/** A record is added under an id that is taken. */
export const FST_DBGPT_AUTH_KEY_EXISTS = createError(
  'FST_DBGPT_AUTH_KEY_EXISTS', 'The key store already holds a key with the id %s'
)

/** The list in memory may be out of date: it cannot tell an unknown key from a new one. Without a stack trace, too. */
export const FST_DBGPT_AUTH_REDIS_FEED_LOST = createError(
  'FST_DBGPT_AUTH_REDIS_FEED_LOST', 'The key feed from Redis is lost', undefined, Error, false
)

/** The record of a key in Redis is none; the log line of the time when it was read says why. */
export const FST_DBGPT_AUTH_REDIS_UNREADABLE = createError(
  'FST_DBGPT_AUTH_REDIS_UNREADABLE', 'The record of this key in Redis cannot be read', undefined, Error, false
)

/** Redis did not answer to a change. */
export const FST_DBGPT_AUTH_REDIS_UNCONFIRMED = createError(
  'FST_DBGPT_AUTH_REDIS_UNCONFIRMED',
  'Redis at %s did not confirm the change, which may have been made or not: %s: see the list before you try again'
)

/** Too few replicas have confirmed a change. */
export const FST_DBGPT_AUTH_REDIS_REPLICAS = createError(
  'FST_DBGPT_AUTH_REDIS_REPLICAS',
  'The change stands on the master, but only %s of %s replicas have confirmed it: a failover now may undo it'
)
