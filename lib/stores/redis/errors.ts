import { createError } from '@fastify/error'

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

/** The list in memory may be out of date: it cannot tell an unknown key from a new one. Without a stack trace, too. */
export const FST_DBGPT_AUTH_REDIS_FEED_LOST = createError(
  'FST_DBGPT_AUTH_REDIS_FEED_LOST', 'The key feed from Redis is lost: see the cause, and docs/scaling.md', undefined, Error, false
)

/** The record of a key in Redis is none; the log line of the time when it was read says why. */
export const FST_DBGPT_AUTH_REDIS_UNREADABLE = createError(
  'FST_DBGPT_AUTH_REDIS_UNREADABLE', 'The record of this key in Redis cannot be read: revoke it, and create another key', undefined, Error, false
)

/** Redis did not answer to a change. */
export const FST_DBGPT_AUTH_REDIS_UNCONFIRMED = createError(
  'FST_DBGPT_AUTH_REDIS_UNCONFIRMED',
  'Redis at %s did not confirm the change, which may have been made or not, so see the list before you try again: %s'
)

/** Too few replicas have confirmed a change. */
export const FST_DBGPT_AUTH_REDIS_REPLICAS = createError(
  'FST_DBGPT_AUTH_REDIS_REPLICAS',
  'The change stands on the master, but only %s of %s replicas have confirmed it: a failover now may undo it, so look again after one'
)
