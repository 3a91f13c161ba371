import { setImmediate as breathe } from 'node:timers/promises'

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ETIMEDOUT: 'it does not answer',
  LOADING: 'it is still loading its data',
  MISCONF: 'it cannot write to its disk',
  NOPERM: 'its user may not do all that docs/gateway.md lists',
  OOM: 'its memory is full',
  READONLY: 'it is a replica',
  WRONGPASS: 'it refuses the user name or password'
}

/** A Redis cannot be asked, or refuses. Nothing of the client's error is passed on, which can hold the URL. */
export class RedisFault extends Error {}

/**
 * Waits for an answer for so long and no longer.
 *
 * @param ms - how long, in milliseconds
 */
export async function within<T> (ms: number, answer: Promise<T>): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      // It may be there, and this process was too busy to read it.
      breathe().then(() => reject(Object.assign(new Error('No answer'), { code: 'ETIMEDOUT' })))
    }, ms)
    answer.finally(() => clearTimeout(timer)).then(resolve, reject)
  })
}

/** Says in known words what is wrong. */
export function explain (error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  const word = code ?? refusalOf(error)
  return word === undefined ? 'the connection failed' : `${REASONS[word] ?? 'it failed'} (${word})`
}

/** Returns what a Redis calls its reason not to do something; undefined, nobody knows whether it did. */
export function refusalOf (error: unknown): string | undefined {
  return /^([A-Z]{3,}) /.exec((error as Error).message)?.[1]
}
