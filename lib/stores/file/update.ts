import { KeyIndex } from '../../keys/key-index.ts'
import { type Changer, changerOf } from '../changer.ts'
import { Deeds } from '../history.ts'
import { FST_DBGPT_AUTH_KEY_FILE_PLAIN, FST_DBGPT_AUTH_KEY_FILE_WRITE } from './errors.ts'
import { HistoryDraft } from './history-write.ts'
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
 * @param options - `mustExist`: whether a file that is missing or blank is a fault, and not an empty list; `changer`: who
 * makes the change, for the history beside the file
 * @returns whether it was written
 * @throws `FST_DBGPT_AUTH_KEY_FILE_UNREADABLE`, `FST_DBGPT_AUTH_KEY_FILE_PLAIN`, `FST_DBGPT_AUTH_KEY_FILE_INVALID`,
 * `FST_DBGPT_AUTH_KEY_FILE_LOCKED`, `FST_DBGPT_AUTH_KEY_FILE_HISTORY` or `FST_DBGPT_AUTH_KEY_FILE_WRITE`, with the file
 * unchanged
 */
export async function updateKeyFile (
  path: string, change: (keys: KeyIndex) => boolean,
  { mustExist = false, changer = changerOf() }: { readonly mustExist?: boolean, readonly changer?: Changer } = {}
): Promise<boolean> {
  let file = path
  try {
    file = await targetOf(path)
    return await withLock(file, async assertHeld => {
      const keys = await read(file, mustExist)
      const deeds = keys.changes = new Deeds()
      const changed = change(keys)
      if (changed) await replace(file, keys, new HistoryDraft(file, deeds.list(), changer), assertHeld)
      return changed
    })
  } catch (cause) {
    if (!isSystemError(cause)) throw cause
    throw new FST_DBGPT_AUTH_KEY_FILE_WRITE(file, reasonOf(cause, 'write'), { cause })
  }
}

/**
 * The lines of the history come right before the step: a crash in between leaves those of a change that was not made, and
 * never a change without them.
 */
async function replace (file: string, keys: KeyIndex, draft: HistoryDraft, assertHeld: () => Promise<void>): Promise<void> {
  try {
    await replaceFile(file, serializeKeyFile(keys.values()), async () => {
      await draft.write()
      await assertHeld()
    })
  } catch (error) {
    await draft.takeBack()
    throw error
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
