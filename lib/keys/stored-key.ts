import { Ajv } from 'ajv'
import type { ApiKeyInit } from '../types.ts'

const DATE = '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?(Z|[+-]\\d\\d:\\d\\d)$'

/** A key as JSON; what is within the bounds of a record is checked where records are made. */
const schema = {
  type: 'object',
  required: ['digest'],
  additionalProperties: false,
  properties: {
    id: { type: 'string' },
    digest: { type: 'string' },
    name: { type: 'string' },
    createdAt: { type: 'string', pattern: DATE },
    expiresAt: { type: 'string', pattern: DATE },
    metadata: { type: 'object' }
  }
}

interface StoredKey {
  readonly digest: string
  createdAt?: string | Date
  expiresAt?: string | Date
}

const ajv = new Ajv()

/**
 * Reads a key that was stored as JSON.
 *
 * @param json - the text
 * @param invalid - makes the error that is thrown, from what is wrong, which holds not a word of the text
 */
export function parseStoredKey (json: string, invalid: (problem: string) => Error): ApiKeyInit {
  let key: unknown
  try {
    key = JSON.parse(json)
  } catch {
    throw invalid('it is not valid JSON') // not the parser's error, which quotes the text
  }
  return readStoredKey(key, invalid)
}

/** As {@link parseStoredKey}, from what the JSON stands for. */
export function readStoredKey (key: unknown, invalid: (problem: string) => Error): ApiKeyInit {
  const validate = ajv.compile<StoredKey>(schema) // compiled at the first call
  if (!validate(key)) throw invalid(ajv.errorsText(validate.errors, { dataVar: 'the key' }))
  // In place: a copy of each of many keys is felt.
  if (key.createdAt !== undefined) key.createdAt = new Date(key.createdAt)
  if (key.expiresAt !== undefined) key.expiresAt = new Date(key.expiresAt)
  return key as ApiKeyInit
}
