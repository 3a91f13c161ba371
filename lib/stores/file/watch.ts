import { stat } from 'node:fs/promises'

const INTERVAL_MS = 250
const PATIENCE = 4

/**
 * Notices when a file changes, by looking at what its name stands for every 250 ms: that sees a symbolic link that
 * is swapped, a rename and a write in place alike, on every file system. A file that is being written is left alone
 * until it has not changed between two looks, but no longer than a second.
 */
export class FileWatch {
  readonly #file: string
  readonly #onChange: () => Promise<void>
  #known = ''
  #last = ''
  #waited = 0
  #timer: NodeJS.Timeout | undefined
  #look: Promise<void> | undefined

  /**
   * @param file - its path
   * @param onChange - is called after a change, and not again before it has settled; must not reject
   */
  constructor (file: string, onChange: () => Promise<void>) {
    this.#file = file
    this.#onChange = onChange
  }

  /**
   * Begins to look.
   *
   * @param read - reads the file for the first time: what changes from here on is noticed
   */
  async start (read: () => Promise<void>): Promise<void> {
    this.#last = await signatureOf(this.#file)
    await read()
    this.#timer = setInterval(() => { this.#tick() }, INTERVAL_MS).unref()
  }

  /** Ends looking, once a call that is under way has settled. */
  async stop (): Promise<void> {
    clearInterval(this.#timer)
    await this.#look
  }

  /** Looks, unless the last look is still under way. */
  #tick (): void {
    this.#look ??= this.#compare().finally(() => { this.#look = undefined })
  }

  async #compare (): Promise<void> {
    const signature = await signatureOf(this.#file)
    const settled = signature === this.#last
    this.#last = signature
    if (signature === this.#known || (!settled && ++this.#waited < PATIENCE)) return
    this.#waited = 0
    // One that is read before it has settled stays unknown: it is read once more when it has.
    if (settled) this.#known = signature
    await this.#onChange()
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
