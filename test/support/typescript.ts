import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from './build.ts'
import { bareNode } from './process.ts'

const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')

/** Compiles files of a folder with every check on, by the repository's own TypeScript; an error tells what it said. */
export async function compile (cwd: string, ...args: readonly string[]): Promise<void> {
  const flags = ['--strict', '--exactOptionalPropertyTypes', '--target', 'es2023', '--types', 'node']
  await promisify(execFile)(...bareNode([TSC, ...flags, ...args]), { cwd }).catch(error => {
    throw new Error(`${args.join(' ')}\n${error.stdout}${error.stderr}`)
  })
}
