import { digestOf } from '../../keys/digest.ts'
import type { KeyIndex } from '../../keys/key-index.ts'
import { judgeKeys, type WeakKeys } from '../../keys/weak-key.ts'
import type { KeyStoreLog } from '../../types.ts'
import type { Circumstances } from './circumstances.ts'
import { parseKeyFile } from './key-file.ts'
import { readKeyFile } from './read.ts'

/** What is done about keys that are weak, and about how the file stands. */
export interface Judges {
  readonly weakKeys: WeakKeys
  readonly log: KeyStoreLog | undefined
  readonly circumstances: Circumstances | undefined
}

/**
 * Reads the keys of a file, unless that holds what it did.
 *
 * @param known - the digest of the text that it held
 * @returns the keys, and the digest of their text
 * @throws as {@link readKeyFile}, {@link parseKeyFile} and {@link judgeKeys} do
 */
export async function loadKeyFile (
  file: string, known: string | undefined, { weakKeys, log, circumstances }: Judges
): Promise<{ readonly keys: KeyIndex, readonly digest: string } | undefined> {
  const { text, stats } = await readKeyFile(file)
  await circumstances?.look(stats)
  const digest = digestOf(text)
  if (digest === known) return undefined
  const { list } = await parseKeyFile(text, file)
  judgeKeys(list, weakKeys, log)
  return { keys: list.keys, digest }
}
