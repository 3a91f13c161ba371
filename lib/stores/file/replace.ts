import { randomUUID } from 'node:crypto'
import type { Stats } from 'node:fs'
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

// Why our own: write-file-atomic 7 and atomically 2 write once and do not look at how much was written: on a full disk
// they put half a file in place and tell of no error. They leave the file of a killed process for ever, and ask nobody
// right before the step. steno 4 keeps neither mode nor owner, and syncs nothing. All tried.

const NEW_FILE_MODE = 0o600
const PERMISSIONS = 0o7777
/** Of a file that is to come, of its lock, or of the lock on removing that. */
const TEMPORARY = /^(?:lock\.(?:removal\.)?)?[0-9a-f-]{36}\.tmp$/

/**
 * Replaces a file in one step: a crash at any point leaves the old or the new one. It keeps its owner and mode;
 * a new file is its owner's alone. To be called under the file's lock.
 *
 * @param file - no symbolic link
 * @param assertHeld - asked right before the step
 * @param model - another file whose owner, if this user may give that, and mode it has
 * @throws what the file system does, with the file unchanged
 */
export async function replaceFile (
  file: string, text: string, assertHeld: () => Promise<void>, model = file
): Promise<void> {
  await removeLeftovers(file)
  const temporary = `${file}.${randomUUID()}.tmp`
  try {
    const handle = await open(temporary, 'wx', NEW_FILE_MODE)
    try {
      await keepOwnerAndMode(model, handle, model !== file)
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await assertHeld()
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(dirname(file))
}

/** Gives a new file the owner, if this user may or must, and the mode of another one that is there. */
export async function keepOwnerAndMode (file: string, handle: FileHandle, lenient = false): Promise<void> {
  const before = await statIfThere(file)
  if (before === undefined) return
  const now = await handle.stat()
  if (before.uid !== now.uid || before.gid !== now.gid) {
    await handle.chown(before.uid, before.gid).catch(error => {
      if (!lenient || error.code !== 'EPERM') throw error
    })
  }
  await handle.chmod(before.mode & PERMISSIONS)
}

async function statIfThere (file: string): Promise<Stats | undefined> {
  try {
    return await stat(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** A process that was killed leaves its temporary files. One that waits for the lock makes its own anew. */
async function removeLeftovers (file: string): Promise<void> {
  const prefix = `${basename(file)}.`
  for (const name of await readdir(dirname(file))) {
    const ours = name.startsWith(prefix) && TEMPORARY.test(name.slice(prefix.length))
    if (ours) await rm(join(dirname(file), name), { force: true })
  }
}

/** Makes the new name outlast a loss of power, on systems where a folder can be synced. */
async function syncFolder (folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    await handle.sync().finally(async () => await handle.close())
  } catch { /* the file itself is safe */ }
}
