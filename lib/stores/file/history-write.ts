import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { Changer } from '../changer.ts'
import type { Deed } from '../history.ts'
import { FST_DBGPT_AUTH_KEY_FILE_HISTORY } from './errors.ts'
import { historyOf, NO_FILE } from './history-read.ts'
import { reasonOf } from './reason.ts'
import { keepOwnerAndMode } from './replace.ts'

const { O_APPEND, O_CREAT, O_EXCL, O_NONBLOCK, O_RDWR } = constants
const NEW_FILE_MODE = 0o600

/** Writes a change to the history of a file of keys, right before it is made; to be called under the file's lock. */
export class HistoryDraft {
  readonly #keyFile: string
  readonly #deeds: readonly Deed[]
  readonly #changer: Changer
  #begun = false

  /** @param keyFile - no symbolic link */
  constructor (keyFile: string, deeds: readonly Deed[], changer: Changer) {
    this.#keyFile = keyFile
    this.#deeds = deeds
    this.#changer = changer
  }

  /**
   * Appends its lines. That a revocation cannot be written is told, and keeps nobody from it.
   *
   * @throws `FST_DBGPT_AUTH_KEY_FILE_HISTORY`
   */
  async write (): Promise<void> {
    if (this.#deeds.length === 0) return
    this.#begun = true
    try {
      await this.#append()
    } catch (error) {
      const cause = error as NodeJS.ErrnoException
      const [place, reason] = [historyOf(this.#keyFile), reasonOf(cause, 'append')]
      if (this.#deeds.some(({ action }) => action !== 'revoke')) {
        throw new FST_DBGPT_AUTH_KEY_FILE_HISTORY(place, `written, so nothing is changed: ${reason}`, { cause })
      }
      this.#changer.warn(`A key is revoked, which is in no history: ${place} cannot be written: ${reason}`)
    }
  }

  /** Adds that the change was not made after all. A line that stands is let be: the file may be one that only grows. */
  async takeBack (): Promise<void> {
    if (this.#begun) await this.#append(true).catch(() => { /* the failure itself is told */ })
  }

  async #append (failed?: true): Promise<void> {
    const { actor } = this.#changer
    const lines = this.#deeds.map(({ action, keys, changes }) =>
      `${JSON.stringify({ at: new Date(), actor, action, keys, changes, failed })}\n`)
    const { handle, isNew } = await openToAppend(historyOf(this.#keyFile))
    try {
      const stats = await handle.stat()
      if (!stats.isFile()) throw new Error(NO_FILE)
      if (isNew) await keepOwnerAndMode(this.#keyFile, handle)
      await writeWhole(handle, Buffer.from(`${await isTorn(handle, stats) ? '\n' : ''}${lines.join('')}`))
      await handle.sync() // the folder is synced with the change
    } finally {
      await handle.close()
    }
  }
}

async function openToAppend (place: string): Promise<{ readonly handle: FileHandle, readonly isNew: boolean }> {
  const flags = O_RDWR | O_APPEND | O_NONBLOCK
  try {
    return { handle: await open(place, flags | O_CREAT | O_EXCL, NEW_FILE_MODE), isNew: true }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return { handle: await open(place, flags), isNew: false }
  }
}

/** Tells whether the last line was not written to its end. */
async function isTorn (handle: FileHandle, { size }: Stats): Promise<boolean> {
  if (size === 0) return false
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer[0] !== 0x0a
}

/** In one step; a disk that is full takes a part, and says why with the rest. */
async function writeWhole (handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let written = 0; written < bytes.length;) written += (await handle.write(bytes, written)).bytesWritten
}
