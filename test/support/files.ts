import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** Makes a folder for the length of a test. */
export async function makeTemporaryFolder (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dbgpt-auth-'))
  t.teardown(async () => await rm(folder, { recursive: true, force: true }))
  return folder
}

/** Names the files below a folder, by their paths from there. */
export async function filesIn (path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries.filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort()
}
