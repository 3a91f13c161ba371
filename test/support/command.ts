import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { built } from './build.ts'
import { bareNode } from './process.ts'

/** Runs the command as users do, in a process of its own, and returns what it printed. */
export async function runBuiltCommand (...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(...bareNode([built('dist/cli/bin.js'), ...args]))
  return stdout
}
