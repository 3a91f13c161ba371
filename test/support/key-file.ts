import { join } from 'node:path'
import type { Test } from 'tap'
import { type ApiKey, FileKeyStore } from '../../lib/index.ts'
import { makeTemporaryFolder } from './files.ts'

/** A path for a file of keys in a folder of its own, and what it holds when asked. */
export async function makeKeyFile (t: Test): Promise<{ file: string, records: () => Promise<ApiKey[]> }> {
  const file = join(await makeTemporaryFolder(t), 'keys.json')
  return { file, records: async () => await new FileKeyStore(file).list() }
}
