import type { Test } from 'tap'

/** Makes `Date.now` tell another time than it is, until the end of the test. */
export function moveClock (t: Test): (ms: number) => void {
  const { now } = Date
  let moved = 0
  Date.now = () => now() + moved
  t.teardown(() => { Date.now = now })
  return ms => { moved += ms }
}

/**
 * Makes those timers fire soon, until the end of the test, that are set to go off after exactly so many milliseconds.
 *
 * @param t - the test
 * @param ms - the time that is not to be waited for
 * @returns a function that tells how many timers of that length have been set
 */
export function shortenTimers (t: Test, ms: number): () => number {
  const { setTimeout } = globalThis
  let count = 0
  const shortened = (callback: (...args: unknown[]) => void, after?: number, ...args: unknown[]): NodeJS.Timeout => {
    if (after === ms) count++
    return setTimeout(callback, after === ms ? 20 : after, ...args)
  }
  globalThis.setTimeout = Object.assign(shortened, setTimeout) as typeof setTimeout
  t.teardown(() => { globalThis.setTimeout = setTimeout })
  return () => count
}

/**
 * Returns the environment of a program in which one file's timers of exactly so many milliseconds go off after other
 * ones, and are told on its stderr as `a timer of … ms`.
 *
 * @param file - how the path of the file ends
 * @param ms - the time that is not to be waited for
 * @param instead - what it is to be, in milliseconds
 */
export function withShortTimers (file: string, ms: number, instead: number): { readonly NODE_OPTIONS: string } {
  const code = `const { setTimeout } = globalThis
    globalThis.setTimeout = Object.assign((callback, after, ...args) => {
      // Frameworks set timers of round lengths, too.
      if (after !== ${ms} || !new Error().stack.includes('${file}:')) return setTimeout(callback, after, ...args)
      process.stderr.write('a timer of ${ms} ms\\n')
      return setTimeout(callback, ${instead}, ...args)
    }, setTimeout)`
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` }
}
