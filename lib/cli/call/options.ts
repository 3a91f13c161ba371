import { FIELDS } from '../../keys/fields.ts'
import type { Call, Option } from './types.ts'

/** The command was called in a wrong way. */
export class UsageError extends Error {}

/** Where the keys are. */
export const STORE_OPTIONS: Readonly<Record<string, Option>> = {
  store: {
    type: 'string',
    value: 'STORE',
    help: 'a file, or redis://… (default: API_KEYS_FILE or API_KEYS_REDIS_URL, .env included)'
  },
  prefix: { type: 'string', value: 'PREFIX', help: 'what the names in Redis begin with (default: dbgpt-auth)' }
}

/** Where the keys are that are to be changed. */
export const CHANGE_OPTIONS: Readonly<Record<string, Option>> = {
  ...STORE_OPTIONS,
  replicas: { type: 'string', value: 'N', help: 'how many replicas of a Redis must confirm (default: 0)' }
}

export const QUIET_OPTION: Option = { type: 'boolean', help: 'print the key and nothing else' }
export const JSON_OPTION: Option = { type: 'boolean', help: 'print JSON' }
export const DRY_RUN_OPTION: Option = { type: 'boolean', help: 'say what would be done, and change nothing' }

/** Returns the value of an option that takes one, if it was given. */
export function textOption ({ values }: Call, name: string): string | undefined {
  return values[name] as string | undefined
}

/** Checks the name of a key. */
export function parseName (text: string, option: string): string {
  if (FIELDS.name.take(text) === undefined) throw new UsageError(`${option} ${FIELDS.name.rule}`)
  return text
}
