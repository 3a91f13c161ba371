import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'

/** Makes a folder for the length of a test. */
export async function makeTemporaryFolder (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dbgpt-auth-'))
  t.teardown(async () => await rm(folder, { recursive: true, force: true }))
  return folder
}

/** Resolves with how many milliseconds went by until something held; looks often, and gives up after some seconds. */
export async function until (holds: () => boolean | Promise<boolean>, seconds = 10): Promise<number> {
  const begin = performance.now()
  while (!await holds()) {
    if (performance.now() - begin > seconds * 1000) throw new Error(`it did not hold after ${seconds} s: ${holds}`)
    await pause(5)
  }
  return performance.now() - begin
}
