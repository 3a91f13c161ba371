import { createError } from '@fastify/error'

/** A file of keys cannot be read. */
export const FST_DBGPT_AUTH_KEY_FILE_UNREADABLE = createError(
  'FST_DBGPT_AUTH_KEY_FILE_UNREADABLE', 'The key file %s cannot be read: %s'
)

/** A file of keys holds something that is neither a list of keys nor JSON as `dbgpt-auth` writes it, or no text at all. */
export const FST_DBGPT_AUTH_KEY_FILE_INVALID = createError('FST_DBGPT_AUTH_KEY_FILE_INVALID', '%s: %s')

/** A file of keys that is not in the JSON form was to be changed. */
export const FST_DBGPT_AUTH_KEY_FILE_PLAIN = createError(
  'FST_DBGPT_AUTH_KEY_FILE_PLAIN',
  'The key file %s is a plain list, which is not written to: import it into a new file with "dbgpt-auth import"'
)

/** A file of keys could not be replaced; it is unchanged. */
export const FST_DBGPT_AUTH_KEY_FILE_WRITE = createError(
  'FST_DBGPT_AUTH_KEY_FILE_WRITE', 'The key file %s cannot be written, and is unchanged: %s'
)

/** The history of a file of keys cannot be written or read. */
export const FST_DBGPT_AUTH_KEY_FILE_HISTORY = createError(
  'FST_DBGPT_AUTH_KEY_FILE_HISTORY', 'The history %s cannot be %s'
)

/** How keys are used cannot be read or written. */
export const FST_DBGPT_AUTH_USAGE_FILE = createError('FST_DBGPT_AUTH_USAGE_FILE', 'The usage file %s cannot be %s')

/** The lock of a file of keys is not to be had. */
export const FST_DBGPT_AUTH_KEY_FILE_LOCKED = createError('FST_DBGPT_AUTH_KEY_FILE_LOCKED', 'The key file cannot be locked: %s')
