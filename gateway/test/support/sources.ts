import { join } from 'node:path'
import type { Test } from 'tap'
import { ROOT } from '../../../test/support/build.ts'
import { makeTemporaryFolder } from '../../../test/support/files.ts'
import { Program } from '../../../test/support/process.ts'

// What tap has told this process beside: how it counts what is run.
const TAP = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^_?TAP/.test(name))) as Record<string, string>
const LOADERS = process.execArgv.map(argument => argument.replace('=./', `=${ROOT}/`))

/**
 * Starts the gateway as it stands in its sources, so that what is run of it counts as covered if it ends by itself.
 *
 * @param t - the test, with which it ends
 * @param env - its whole environment
 * @param command - another of its programs, and its arguments
 */
export async function startSources (
  t: Test, env: Record<string, string>, [file, ...more]: readonly [string, ...string[]] = ['bin.ts']
): Promise<Program> {
  const args = [...LOADERS, join(ROOT, 'gateway', 'lib', file), ...more]
  return new Program(t, args, { cwd: await makeTemporaryFolder(t), env: { ...TAP, TAP_TYPE_STRIP_ONLY: '1', ...env } })
}
