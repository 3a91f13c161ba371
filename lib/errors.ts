import { createError } from '@fastify/error'

// Start-up errors: each names the place and the way out, never a key's text.

/** An option is not known, and without it authentication would be off. */
export const FST_DBGPT_AUTH_OPTION_UNKNOWN = createError(
  'FST_DBGPT_AUTH_OPTION_UNKNOWN', '%s, and authentication would be off without it: correct its name, or leave it out'
)

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

/** A key is in quotes, in a list, or else written as no key is likely to be, in production. */
export const FST_DBGPT_AUTH_KEY_MISWRITTEN = createError(
  'FST_DBGPT_AUTH_KEY_MISWRITTEN', '%s. If it is meant so, set the option allowWeakKeys'
)

/** A key that can be guessed is set in production. */
export const FST_DBGPT_AUTH_KEY_WEAK = createError(
  'FST_DBGPT_AUTH_KEY_WEAK', '%s, and NODE_ENV is production: use a long random key, or set the option allowWeakKeys'
)

/** Authentication must be on, but there are no keys. */
export const FST_DBGPT_AUTH_KEYS_REQUIRED = createError(
  'FST_DBGPT_AUTH_KEYS_REQUIRED',
  '%s, but no API keys are configured: set API_KEYS (or API_KEYS_FILE, API_KEYS_REDIS_URL or the option keys), ' +
  'or turn authentication off with API_AUTH=off (or the option mode)'
)

/** Metrics are asked for, and the package that makes them is not installed. */
export const FST_DBGPT_AUTH_METRICS_CLIENT = createError(
  'FST_DBGPT_AUTH_METRICS_CLIENT', 'Metrics need the package prom-client: run "npm install prom-client"'
)

/** Use is to be counted by a key store that cannot. */
export const FST_DBGPT_AUTH_USAGE = createError(
  'FST_DBGPT_AUTH_USAGE', '%s, but the key store has no method countUse, which would count: give it one, or leave usage off'
)

/** Two guards would check the same requests. */
export const FST_DBGPT_AUTH_NESTED = createError(
  'FST_DBGPT_AUTH_NESTED',
  'fastify-dbgpt-auth is registered twice on a scope, or guards one scope inside another: register it once at the root, ' +
  'or once in each sibling scope; a nested one that only verifies takes addHook: false'
)

/** A route's config asks for something that is no list of scopes. */
export const FST_DBGPT_AUTH_ROUTE = createError(
  'FST_DBGPT_AUTH_ROUTE',
  'The route %s %s has a config.apiKey that is no policy: an object there is { scopes: [...] } and nothing else, ' +
  'with 1 to 50 scopes, each of visible ASCII characters without " and \\, as a property of the config itself, not of its class'
)

/** Routes are to be described in a document that is not of OpenAPI 3. */
export const FST_DBGPT_AUTH_OPENAPI = createError(
  'FST_DBGPT_AUTH_OPENAPI',
  'Swagger 2 has no word for a key after "Bearer": give @fastify/swagger the option openapi, { openapi: \'3.1.0\' } for example'
)

/** A key store was not open before Fastify gave up. */
export const FST_DBGPT_AUTH_KEY_STORE_SLOW = createError(
  'FST_DBGPT_AUTH_KEY_STORE_SLOW',
  'The key store is not open after %s ms, and Fastify waits no longer: make its option pluginTimeout longer, 60_000 for example'
)

/** A key store could not be opened. */
export const FST_DBGPT_AUTH_KEY_STORE_OPEN = createError(
  'FST_DBGPT_AUTH_KEY_STORE_OPEN', 'The key store could not be opened: see the cause'
)

// Run-time errors.

/** A request was rejected for its credentials. Without a stack trace: it is no fault, and a flood of them is cheap so. */
export const FST_DBGPT_AUTH_UNAUTHORIZED = createError(
  'FST_DBGPT_AUTH_UNAUTHORIZED', 'A valid API key is required', 401, Error, false
)

/** A request came with a good key, which lacks a scope. Without a stack trace, as before. */
export const FST_DBGPT_AUTH_INSUFFICIENT_SCOPE = createError(
  'FST_DBGPT_AUTH_INSUFFICIENT_SCOPE', 'The API key lacks a scope that this takes', 403, Error, false
)

/** The key store did not say whether it knows a key. */
export const FST_DBGPT_AUTH_KEY_STORE_UNAVAILABLE = createError(
  'FST_DBGPT_AUTH_KEY_STORE_UNAVAILABLE', 'The key store is unavailable', 503
)

/** The guard's start-up failed, or is not done. */
export const FST_DBGPT_AUTH_NOT_READY = createError(
  'FST_DBGPT_AUTH_NOT_READY', 'fastify-dbgpt-auth has not started: see the error of its registration', undefined, Error, false
)

/** A key store's promise did not settle. */
export const FST_DBGPT_AUTH_KEY_STORE_TIMEOUT = createError(
  'FST_DBGPT_AUTH_KEY_STORE_TIMEOUT', 'The key store did not answer within %s ms', undefined, Error, false
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
