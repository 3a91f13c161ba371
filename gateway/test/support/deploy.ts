import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT } from '../../../test/support/build.ts'

/** The folder of what deploys the gateway, which its package ships. */
export const DEPLOY = join(ROOT, 'gateway', 'deploy')

/** Reads a file that deploys the gateway, such as `nginx.conf`. */
export async function deployed (name: string): Promise<string> {
  return await readFile(join(DEPLOY, name), 'utf8')
}

/**
 * Replaces what a test cannot have as it stands, such as a port that is taken.
 *
 * @param text - what is deployed
 * @param changes - what stands there, and what is to stand there instead, wherever it does
 * @throws if something does not stand there
 */
export function change (text: string, changes: Readonly<Record<string, string>>): string {
  return Object.entries(changes).reduce((changed, [from, to]) => {
    if (!changed.includes(from)) throw new Error(`nowhere does it say ${from}`)
    return changed.replaceAll(from, to)
  }, text)
}
