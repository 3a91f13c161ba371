import { FST_DBGPT_AUTH_KEY_FILE_INVALID } from '../../stores/file/errors.ts'

/** What is shown of a key and is not in its record. */
const SHOWN = ['status', 'lastUsedAt', 'uses']

/**
 * Makes the text of a key file of what `list --json` prints, an array of records with their status; any other text is
 * left as it is.
 *
 * @param source - what to call the text in an error, which holds not a word of it
 * @throws `FST_DBGPT_AUTH_KEY_FILE_INVALID`
 */
export function listToKeyFile (text: string, source: string): string {
  if (!/^\s*\[\s*[{\]]/.test(text)) return text
  let keys: unknown
  try {
    keys = JSON.parse(text)
  } catch {
    throw new FST_DBGPT_AUTH_KEY_FILE_INVALID(source, 'it is not valid JSON, is it cut short?')
  }
  return JSON.stringify({ keys: (keys as unknown[]).map(toRecord) })
}

function toRecord (key: unknown): unknown {
  if (typeof key !== 'object' || key === null || Array.isArray(key)) return key
  return Object.fromEntries(Object.entries(key).filter(([field]) => !SHOWN.includes(field)))
}
