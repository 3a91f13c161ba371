import { KeyIndex } from '../../keys/key-index.ts'
import { FST_DBGPT_AUTH_KEY_FILE_PLAIN, FST_DBGPT_AUTH_KEY_FILE_WRITE } from './errors.ts'
import { parseKeyFile, serializeKeyFile } from './key-file.ts'
import { withLock } from './lock.ts'
import { readKeyFile } from './read.ts'
import { reasonOf } from './reason.ts'
import { replaceFile } from './replace.ts'
import { targetOf } from './target.ts'

/**
 * Changes the keys of a file as they are now, under its lock; a file that is not there holds none.
 *
 * @param path - the file; a symbolic link stays one, and what it points to is replaced, or made
 * @param change - changes the list in place, and tells whether it did
 * @param mustExist - whether a file that is missing or blank is a fault, and not an empty list
 * @returns whether it was written
 * @throws `FST_DBGPT_AUTH_KEY_FILE_UNREADABLE`, `FST_DBGPT_AUTH_KEY_FILE_PLAIN`, `FST_DBGPT_AUTH_KEY_FILE_INVALID`,
 * `FST_DBGPT_AUTH_KEY_FILE_LOCKED` or `FST_DBGPT_AUTH_KEY_FILE_WRITE`, with the file unchanged
 */
export async function updateKeyFile (
  path: string, change: (keys: KeyIndex) => boolean, mustExist = false
): Promise<boolean> {
  let file = path
  try {
    file = await targetOf(path)
    return await withLock(file, async assertHeld => {
      const keys = await read(file, mustExist)
      const changed = change(keys)
      if (changed) await replaceFile(file, serializeKeyFile(keys.values()), assertHeld)
      return changed
    })
  } catch (cause) {
    if (!isSystemError(cause)) throw cause
    throw new FST_DBGPT_AUTH_KEY_FILE_WRITE(file, reasonOf(cause, 'write'), { cause })
  }
}

async function read (file: string, mustExist: boolean): Promise<KeyIndex> {
  let text
  try {
    ({ text } = await readKeyFile(file))
  } catch (error) {
    if (!mustExist && ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return new KeyIndex()
    throw error
  }
  if (text.trim() === '' && !mustExist) return new KeyIndex() // made by hand, to be filled
  const { form, list } = await parseKeyFile(text, file)
  if (form === 'plain') throw new FST_DBGPT_AUTH_KEY_FILE_PLAIN(file)
  return list.keys
}

function isSystemError (error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error
}
