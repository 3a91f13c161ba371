import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { makeTemporaryFolder } from './files.ts'

/**
 * Works in a folder of its own, for the length of a test, and names it.
 *
 * @param dotenv - what `.env` there holds; undefined, there is none
 */
export async function workElsewhere (t: Test, dotenv?: string | Buffer): Promise<string> {
  const [before, folder] = [process.cwd(), await makeTemporaryFolder(t)]
  process.chdir(folder)
  t.teardown(() => process.chdir(before))
  if (dotenv !== undefined) await writeFile(join(folder, '.env'), dotenv)
  return folder
}
