import { stat } from 'node:fs/promises'
import type { KeyStoreStatus } from '../../types.ts'

// Why our own: fs.watchFile, on which chokidar's polling stands too, does not tell when its first look is done. With a
// busy thread pool that comes after our first reading, and a change in between is never told; tried on Node 20 and 24.
// It polls a path once a process, as often as the first who asked for it; and the wait until a file has settled is ours.

const INTERVAL_MS = 250
const PATIENCE = 4
/** How old the last look may be, in milliseconds: on a file system that hangs, one does not end. */
const OVERDUE_MS = 5000

/**
 * Notices when a file changes, by looking at what its name stands for every 250 ms: that sees a symbolic link that
 * is swapped, a rename and a write in place alike, on every file system. A file that is being written is left alone
 * until it has not changed between two looks, but no longer than a second.
 */
export class FileWatch {
  readonly #file: string
  readonly #onChange: () => Promise<unknown>
  /** What was there at a look and was read afterwards: nothing yet, so that what is there at first is read, too. */
  #known = ''
  #last = ''
  #waited = 0
  #timer: NodeJS.Timeout | undefined
  #look: Promise<void> | undefined
  #isGood = true
  /** When what is there was last seen to be what was read, on the clock of `performance.now()`. */
  #confirmedAt = -Infinity

  /**
   * @param onChange - is called after a change, and not again before it has settled; must not reject; resolves with false
   * if what is there is of no use
   */
  constructor (file: string, onChange: () => Promise<unknown>) {
    this.#file = file
    this.#onChange = onChange
  }

  /** To be called when the file has been read. */
  start (): void {
    this.#confirmedAt = performance.now()
    this.#timer = setInterval(() => { this.look() }, INTERVAL_MS).unref()
  }

  /** Tells whether what is there was of use at the last look, and when that was. */
  status (): KeyStoreStatus {
    const ageMs = performance.now() - this.#confirmedAt
    return { up: this.#isGood && ageMs <= OVERDUE_MS, ageMs }
  }

  /** Ends looking, once a call that is under way has settled. */
  async stop (): Promise<void> {
    clearInterval(this.#timer)
    await this.#look
  }

  /** Looks, unless the last look is still under way. */
  look (): Promise<void> {
    this.#look ??= this.#compare().finally(() => { this.#look = undefined })
    return this.#look
  }

  async #compare (): Promise<void> {
    const signature = await signatureOf(this.#file)
    const settled = signature === this.#last
    this.#last = signature
    const isSame = signature === this.#known
    if (!isSame && !settled && ++this.#waited < PATIENCE) return
    if (!isSame) await this.#read(signature, settled)
    if (this.#isGood) this.#confirmedAt = performance.now()
  }

  async #read (signature: string, settled: boolean): Promise<void> {
    this.#waited = 0
    // One that is read before it has settled stays unknown: it is read once more when it has.
    if (settled) this.#known = signature
    this.#isGood = await this.#onChange() !== false
  }
}

/** Changes with the file, whatever its name stands for. */
async function signatureOf (file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join()
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  }
}
