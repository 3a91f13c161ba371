import { idOf } from '../../keys/digest.ts'
import type { ApiKey } from '../../types.ts'
import { UsageError } from './options.ts'
import { formatExpiry, formatMinute, printTable } from './print.ts'
import { readKey } from './read-key.ts'
import type { CliStore } from './store.ts'
import type { Call, Option } from './types.ts'

/** What chooses a key. */
export const KEY_OPERAND = 'ID|NAME'

export const STDIN_OPTION: Option = {
  type: 'boolean', help: `choose by the key itself, on standard input, and not by ${KEY_OPERAND}`, replaces: true
}

/** How one key is chosen, or all of a name. */
export const CHOICE_OPTIONS: Readonly<Record<string, Option>> = {
  stdin: STDIN_OPTION,
  all: { type: 'boolean', help: 'take every key of the name, if it has several' }
}

/** The command did what it could, and that was not enough. */
export class NoSuchKeyError extends Error {
  /** The id that was asked for, which no key of the list has: its record may be there, and not be readable. */
  readonly id: string | undefined

  // What was asked for is not told: somebody may have given a key's text.
  constructor (
    id?: string, message = 'no key has this id, digest or name: see "dbgpt-auth list"; a key itself is not given as an argument, but piped into --stdin'
  ) {
    super(message)
    this.id = id
  }
}

/**
 * Picks the key with an id or a digest, or else all that have a name; with `--stdin`, the one whose text is read there.
 *
 * @throws {@link NoSuchKeyError}
 */
export async function select (call: Call, store: CliStore): Promise<readonly ApiKey[]> {
  if (call.values.stdin === true) {
    const { id, digest, mistake } = await readKey(call.streams.stdin)
    const keys = await store.list()
    const selected = keys.filter(key => key.digest === digest)
    if (selected.length > 0) return selected
    throw new NoSuchKeyError(unlisted(id, keys), mistake === undefined
      ? 'the key on standard input is not, or no longer, in the store'
      : `what is on standard input is no key of the store, and ${mistake}`)
  }
  const [wanted = ''] = call.operands
  const digest = digestIn(wanted)
  const keys = await store.list()
  const byId = keys.filter(key => key.id === wanted.toLowerCase() || key.digest === digest)
  const selected = byId.length > 0 ? byId : keys.filter(key => key.name === wanted)
  if (selected.length > 0) return selected
  const [id] = /^[0-9a-f]{16}$/.exec(digest === undefined ? wanted.toLowerCase() : idOf(digest)) ?? []
  throw new NoSuchKeyError(unlisted(id, keys))
}

/** Returns the digest that a key is chosen by, in lower case; undefined, it is chosen by an id or a name. */
export function digestIn (wanted: string): string | undefined {
  return /^(?:sha256:)?([0-9a-f]{64})$/.exec(wanted.toLowerCase())?.[1]
}

/** An id that is listed is that of another digest. */
function unlisted (id: string | undefined, keys: readonly ApiKey[]): string | undefined {
  return keys.some(key => key.id === id) ? undefined : id
}

/**
 * As {@link select}, but refuses a name that several keys have, with their list, unless all are asked for.
 *
 * @throws {@link NoSuchKeyError}, or {@link UsageError}
 */
export async function selectOne (call: Call, store: CliStore): Promise<readonly ApiKey[]> {
  const keys = await select(call, store)
  if (keys.length === 1 || call.values.all === true) return keys
  const rows = keys.map(key => [key.id, key.createdAt === undefined ? 'unknown' : formatMinute(key.createdAt), formatExpiry(key, call.now)])
  printTable(call.streams.stderr, [['ID', 'CREATED', 'EXPIRES'], ...rows])
  throw new UsageError(`${keys.length} keys have this name: give the id of one, or take all of them with --all`)
}

/**
 * Changes each of the keys; a failure keeps none of the others from it.
 *
 * @throws the first failure
 */
export async function changeEach (keys: readonly ApiKey[], change: (key: ApiKey) => Promise<void>): Promise<void> {
  const failures: unknown[] = []
  for (const key of keys) await change(key).catch(failure => { failures.push(failure) })
  if (failures.length > 0) throw failures[0]
}

/**
 * As {@link changeEach}, and prints a row for each key that was there to be changed.
 *
 * @param row - what to print of a key
 * @throws {@link NoSuchKeyError} if there was none: another process may have been first
 */
export async function changeAndTell (
  call: Call, keys: readonly ApiKey[], row: (key: ApiKey) => string[], change: (key: ApiKey) => Promise<boolean>
): Promise<void> {
  const rows: string[][] = []
  try {
    await changeEach(keys, async key => { if (await change(key)) rows.push(row(key)) })
  } finally {
    printTable(call.streams.stdout, rows)
  }
  if (rows.length === 0) throw new NoSuchKeyError()
}
