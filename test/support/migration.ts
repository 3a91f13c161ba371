import type { Test } from 'tap'
import type { DbgptAuthOptions } from '../../lib/index.ts'
import { bearer, harness } from './app.ts'
import { rowsUnder } from './documentation.ts'

/** The page of what users come from. */
export const PAGE = 'docs/migration.md'

/** Tries what a row of a table says. */
export type Trial = (t: Test) => Promise<void>

/**
 * Tries each row of the page's tables, by heading and first cell.
 *
 * @param skips - why rows under a heading cannot be tried here
 */
export function testRows (
  t: Test,
  sections: Readonly<Record<string, Readonly<Record<string, Trial>>>>,
  skips: Readonly<Record<string, string | false>> = {}
): void {
  for (const [heading, trials] of Object.entries(sections)) {
    t.test(`every row under "${heading}" is tried`, async t => {
      t.same(await rowsUnder(PAGE, heading), Object.keys(trials))
    })
    for (const [row, trial] of Object.entries(trials)) {
      t.test(`it is as ${PAGE} says of ${row}, ${heading.toLowerCase()}`, { skip: skips[heading] ?? false }, trial)
    }
  }
}

/** Returns what a guarded app answers, or what it does not start with. */
export async function outcome (
  t: Test, options: DbgptAuthOptions, headers: Readonly<Record<string, string>> = bearer(), url = '/'
): Promise<string> {
  const { app, guard } = harness(t)
  try {
    await guard(options)
  } catch (error) {
    return (error as { code: string }).code
  }
  app.get('/', () => 'ok')
  return String((await app.inject({ url, headers })).statusCode)
}
