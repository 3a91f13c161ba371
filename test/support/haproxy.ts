import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { makeTemporaryFolder } from './files.ts'

/** Why the tests that need HAProxy are skipped here; false, they are not. */
export const skip: string | false = hasHaproxy() ? false : 'there is no haproxy on this machine: apt-get install haproxy'

function hasHaproxy (): boolean {
  try {
    execFileSync('haproxy', ['-v'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Starts HAProxy with a configuration, for the length of a test. */
export async function startHaproxy (t: Test, configuration: string): Promise<void> {
  const file = join(await makeTemporaryFolder(t), 'haproxy.cfg')
  await writeFile(file, configuration)
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' })
  t.teardown(async () => {
    if (child.exitCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
}
