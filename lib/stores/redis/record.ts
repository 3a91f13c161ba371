import { createApiKey } from '../../keys/api-key.ts'
import { FST_DBGPT_AUTH_KEY_INVALID } from '../../errors.ts'
import type { ApiKey } from '../../types.ts'
import { parseStoredKey } from '../stored-key.ts'

const PLACE = 'The record in Redis'

/**
 * Reads a record.
 *
 * @throws `FST_DBGPT_AUTH_KEY_INVALID`
 */
export function readRecord (id: string, json: string): ApiKey {
  const invalid = (problem: string): Error => new FST_DBGPT_AUTH_KEY_INVALID(PLACE, problem)
  const key = createApiKey(parseStoredKey(json, invalid), PLACE)
  if (key.id !== id) throw invalid('it is the record of another id')
  return key
}
