import { rename } from 'node:fs/promises'
import type { KeyStoreLog } from '../../types.ts'
import { addTallies, type Tallies, type Tally } from '../tally.ts'
import { Turns } from '../turns.ts'
import { UNLISTED_MS, type UsagePlace } from '../usage.ts'
import { FST_DBGPT_AUTH_USAGE_FILE } from './errors.ts'
import { withLock } from './lock.ts'
import { readRegularFile } from './read.ts'
import { reasonOf } from './reason.ts'
import { replaceFile } from './replace.ts'
import { targetOf } from './target.ts'
import { parseUsage, serializeUsage } from './usage-text.ts'

/** How long to wait for other processes that write to it, in milliseconds. */
const PATIENCE_MS = 5000
const BROKEN = 'it is not as it was written'

/** Keeps the usage of a file's keys in a file beside it, which all its processes add to; that of the keys is only read. */
export class UsageFile implements UsagePlace {
  readonly #keyFile: string
  readonly #isListed: (id: string) => boolean

  /** @param keyFile - the file of the keys; where that is a symbolic link, usage is beside what it points to */
  constructor (keyFile: string, isListed: (id: string) => boolean) {
    this.#keyFile = keyFile
    this.#isListed = isListed
  }

  /** @throws `FST_DBGPT_AUTH_USAGE_FILE` */
  async read (ids: readonly string[]): Promise<Tallies> {
    return await this.#use('read', async file => {
      const stored = await load(file)
      if (stored === undefined) throw new Error(`${BROKEN}: delete it, to begin anew`)
      return new Map(ids.flatMap(id => {
        const tally = stored.get(id)
        return tally === undefined ? [] : [[id, tally]]
      }))
    })
  }

  /** @throws `FST_DBGPT_AUTH_USAGE_FILE`, with the file as it was */
  async add (tallies: Tallies, log: KeyStoreLog | undefined): Promise<void> {
    await this.#use('written', async (file, keyFile) => {
      let done = false
      await withLock(file, async assertHeld => {
        const stored = await load(file) ?? await setAside(file, log)
        await this.#merge(stored, tallies)
        await replaceFile(file, await serializeUsage(stored), assertHeld, keyFile)
        done = true
      }, PATIENCE_MS).catch(error => {
        // What is written must not be written again because the lock would not go.
        if (!done) throw error
      })
    })
  }

  /** Adds tallies, and removes what is of no key; lets other work run in between. */
  async #merge (stored: Map<string, Tally>, tallies: Tallies): Promise<void> {
    const turns = new Turns()
    for (const [id, tally] of tallies) {
      stored.set(id, addTallies(stored.get(id), tally) as Tally)
      if (turns.step()) await turns.pause()
    }
    for (const [id, { lastUsedAt }] of stored) {
      if (!this.#isListed(id) && Date.now() - lastUsedAt > UNLISTED_MS) stored.delete(id)
      if (turns.step()) await turns.pause()
    }
  }

  async #use<T> (doing: 'read' | 'written', work: (file: string, keyFile: string) => Promise<T>): Promise<T> {
    let file = this.#keyFile
    try {
      file = await targetOf(this.#keyFile)
      return await work(`${file}.usage`, file)
    } catch (error) {
      const cause = error as NodeJS.ErrnoException
      const reason = 'syscall' in cause ? reasonOf(cause, doing === 'read' ? 'read' : 'write') : cause.message
      throw new FST_DBGPT_AUTH_USAGE_FILE(`${file}.usage`, `${doing}: ${reason}`, { cause })
    }
  }
}

/** Returns undefined for a text that is something else; of a file that is not there, nothing. */
async function load (file: string): Promise<Map<string, Tally> | undefined> {
  try {
    const { bytes } = await readRegularFile(file)
    return await parseUsage(bytes.toString())
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map()
    throw error
  }
}

/** Makes way for a new file. */
async function setAside (file: string, log: KeyStoreLog | undefined): Promise<Map<string, Tally>> {
  const broken = `${file}.broken`
  await rename(file, broken)
  log?.warn(`The usage of API keys in ${file} cannot be read, ${BROKEN}: it is set aside as ${broken}, and counted anew`)
  return new Map()
}
