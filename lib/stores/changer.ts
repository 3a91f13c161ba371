import { hostname, userInfo } from 'node:os'
import { FST_DBGPT_AUTH_OPTION } from '../errors.ts'
import { FIELDS } from '../keys/fields.ts'
import type { ChangeOptions, KeyStoreLog } from '../types.ts'

const MOST_CHARACTERS = 200

/** Who makes a change, and is told where it is in no history. */
export interface Changer {
  readonly actor: string
  readonly warn: (message: string) => void
}

/**
 * Takes the options of a change.
 *
 * @param log - of the store
 * @throws `FST_DBGPT_AUTH_OPTION`
 */
export function changerOf ({ actor, warn }: ChangeOptions = {}, log?: KeyStoreLog): Changer {
  if (actor !== undefined && !isActor(actor)) throw new FST_DBGPT_AUTH_OPTION('actor', ACTOR_RULE)
  const tell = log === undefined ? (message: string) => { process.emitWarning(message) } : log.warn.bind(log)
  return { actor: actor ?? processActor(), warn: warn ?? tell }
}

/** What is asked of the name of who makes a change, for errors. */
export const ACTOR_RULE = `1 to ${MOST_CHARACTERS} characters without control characters`

/** Tells whether a text may be the name of who makes a change: the rule is that of a key's name. */
export function isActor (text: unknown): text is string {
  return FIELDS.name.take(text) !== undefined
}

/**
 * Names who runs this process, and where.
 *
 * @param behind - who has called that user in, as sudo says it
 */
export function processActor (behind?: string): string {
  const user = userName()
  const name = behind === user || !isActor(behind) ? user : `${behind} (${user})`
  const text = `${name}@${hostname()}`.slice(0, MOST_CHARACTERS)
  return isActor(text) ? text : 'unknown'
}

/** A container may run as a number that has no name. */
function userName (): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.())
  }
}
