import { constants, type Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import { decodeText } from '../../keys/text.ts'
import { FST_DBGPT_AUTH_KEY_FILE_INVALID, FST_DBGPT_AUTH_KEY_FILE_UNREADABLE } from './errors.ts'
import { reasonOf } from './reason.ts'

/**
 * Reads the text of a file of keys.
 *
 * @returns the text, and what the file was when it was opened
 * @throws `FST_DBGPT_AUTH_KEY_FILE_UNREADABLE`, or `FST_DBGPT_AUTH_KEY_FILE_INVALID` if it is no text
 */
export async function readKeyFile (file: string): Promise<{ readonly text: string, readonly stats: Stats }> {
  const { bytes, stats } = await readRegularFile(file).catch(cause => {
    throw new FST_DBGPT_AUTH_KEY_FILE_UNREADABLE(file, reasonOf(cause, 'read'), { cause })
  })
  return { text: decodeText(bytes, problem => new FST_DBGPT_AUTH_KEY_FILE_INVALID(`The key file ${file}`, problem)), stats }
}

/**
 * Reads a file. A pipe is not waited for, but refused as whatever else is no file.
 *
 * @throws what the file system does, or an error without a code
 */
export async function readRegularFile (file: string): Promise<{ readonly bytes: Buffer, readonly stats: Stats }> {
  // Looked at once it is open: what stands under the name may change between two calls. Windows lacks the flag: it is 0.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw new Error('it is no file, but a folder, a pipe or a device')
    return { bytes: await handle.readFile(), stats }
  } finally {
    await handle.close()
  }
}
