import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** Makes a folder for the length of a test. */
export async function makeTemporaryFolder (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dbgpt-auth-'))
  t.teardown(async () => await rm(folder, { recursive: true, force: true }))
  return folder
}
