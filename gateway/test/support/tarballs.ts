import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { built, ROOT } from '../../../test/support/build.ts'
import { makeTemporaryFolder } from '../../../test/support/files.ts'

/** Makes a folder for the length of a test with the tarballs of both packages, as they are built. */
export async function packPackages (t: Test): Promise<string> {
  built('dist/index.js')
  built('gateway/dist/bin.js')
  const folder = await makeTemporaryFolder(t)
  await promisify(execFile)('npm', ['pack', '--ignore-scripts', '--pack-destination', folder, '.', './gateway'], { cwd: ROOT })
  return folder
}
