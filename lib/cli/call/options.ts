import { FIELDS } from '../../keys/fields.ts'
import { ACTOR_RULE, isActor, processActor } from '../../stores/changer.ts'
import type { ChangeOptions } from '../../types.ts'
import type { Call, Option } from './types.ts'
import { visible } from './visible.ts'

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
  replicas: { type: 'string', value: 'N', help: 'how many replicas of a Redis must confirm (default: 0)' },
  actor: { type: 'string', value: 'WHO', help: 'who makes the change, for the history (default: user@host)' }
}

export const QUIET_OPTION: Option = { type: 'boolean', help: 'print the key and nothing else' }
export const JSON_OPTION: Option = { type: 'boolean', help: 'print JSON' }
export const DRY_RUN_OPTION: Option = { type: 'boolean', help: 'say what would be done, and change nothing' }

/** Says who makes a change, and how it is told that a revocation is in no history. */
export function changeOptions (call: Call): ChangeOptions {
  const { stderr, env: { SUDO_USER: behind } } = call.streams
  const actor = textOption(call, 'actor') ?? processActor(behind)
  if (!isActor(actor)) throw new UsageError(`--actor is ${ACTOR_RULE}`)
  return { actor, warn: message => { stderr.write(`dbgpt-auth: ${visible(message)}\n`) } }
}

/** Returns the value of an option that takes one, if it was given. */
export function textOption ({ values }: Call, name: string): string | undefined {
  return values[name] as string | undefined
}

export const SCOPES_OPTION: Option = {
  type: 'string', value: 'SCOPES', help: 'what the key may do: scopes, with blanks or commas between them; an empty text is none'
}

/** Returns the scopes that were given: none are an empty list. */
export function scopesOption (call: Call): readonly string[] | undefined {
  const text = textOption(call, 'scopes')
  if (text === undefined) return undefined
  const scopes = FIELDS.scopes.take(text.split(/[\s,]+/).filter(scope => scope !== '')) as readonly string[] | undefined
  if (scopes === undefined) throw new UsageError('--scopes must be at most 50 scopes, each of visible ASCII characters without " and \\')
  return scopes
}

/** Checks the name of a key. */
export function parseName (text: string, option: string): string {
  if (FIELDS.name.take(text) === undefined) throw new UsageError(`${option} ${FIELDS.name.rule}`)
  return text
}
