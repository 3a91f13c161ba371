const EXPLANATIONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'there is no such host',
  WRONGPASS: 'it refuses the user name or password',
  NOAUTH: 'it asks for a password',
  NOPERM: 'its user may not do all that docs/scaling.md lists',
  WRONGTYPE: 'something else is stored under the prefix: choose another one',
  OOM: 'its memory is full, nothing was changed',
  READONLY: 'it is a replica',
  LOADING: 'it is still loading its data',
  MISCONF: 'it cannot write to its disk',
  NOREPLICAS: 'it has too few replicas',
  MASTERDOWN: 'its master is down',
  CLUSTERDOWN: 'its cluster is down',
  INCOMPLETE: 'it has lost a part of its list of keys: restore it, or make any change to go on with what is there',
  VERSION: 'its keys are of a format that this version does not know',
  ETIMEDOUT: 'it does not answer'
}

// A script's errors name the cause somewhere in the text, and what a user may not do in words.
const REPLY = new RegExp(`\\b(${Object.keys(EXPLANATIONS).join('|')})\\b`)
const REFUSAL = /^([A-Z]{3,}) /
const IN_WORDS: readonly (readonly [RegExp, string])[] = [
  [/user executing the script/, 'NOPERM'],
  [/^ERR .*(AUTH|password)/, 'WRONGPASS']
]

/**
 * Says what is wrong with a Redis. Nothing of a client's error is passed on but known words: its text and its fields
 * can hold the URL, or the arguments of a command, and with them a password.
 */
export function explain (error: unknown): string {
  const { code, message, address, port } = error as NodeJS.ErrnoException & { address?: string, port?: number }
  const word = typeof code === 'string' ? code : wordIn(message)
  if (word === undefined) return 'the connection failed'
  const explanation = Object.hasOwn(EXPLANATIONS, word) ? EXPLANATIONS[word] : 'it failed'
  return `${explanation} (${word}${address === undefined ? '' : ` ${address}:${port}`})`
}

/** Tells whether Redis has answered that it will not do something; else nobody knows whether it did. */
export function isRefusal (error: unknown): boolean {
  return REFUSAL.test((error as Error).message)
}

function wordIn (message: string): string | undefined {
  const [, word = IN_WORDS.find(([pattern]) => pattern.test(message))?.[1]] = REPLY.exec(message) ?? []
  return word ?? REFUSAL.exec(message)?.[1]
}
