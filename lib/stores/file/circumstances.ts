import type { Stats } from 'node:fs'
import type { KeyStoreLog } from '../../types.ts'
import { isMountedAlone } from './mount.ts'

const WRITABLE_BY_ALL = 0o002
const MOUNT = 'is mounted by itself, which keeps it as it is when it is replaced outside: mount its folder instead'

/** Warns of how a file of keys stands where that lets others add to it, or keeps keys in force that were revoked. */
export class Circumstances {
  readonly #file: string
  readonly #log: KeyStoreLog
  #begun = false
  #replaced = false

  constructor (file: string, log: KeyStoreLog) {
    this.#file = file
    this.#log = log
  }

  /** Looks at what was found when the file was opened, each time that it was. */
  async look ({ mode, nlink }: Stats): Promise<void> {
    const first = !this.#begun
    this.#begun = true
    // Windows has no modes.
    if (first && (mode & WRITABLE_BY_ALL) !== 0 && process.platform !== 'win32') {
      this.#warn('key_file_writable', 'can be changed by everybody on this machine: take that from them with chmod o-w')
    }
    // A file that is replaced just now has no name any more, either; but then its name has another file.
    const suspect = first || (nlink === 0 && !this.#replaced)
    if (!suspect || !await isMountedAlone(this.#file)) return
    this.#replaced = nlink === 0
    this.#warn('key_file_mounted', this.#replaced ? `was replaced or removed outside, and the old one stays in force: it ${MOUNT}` : MOUNT)
  }

  #warn (code: string, what: string): void {
    this.#log.warn({ code }, `The key file ${this.#file} ${what}`)
  }
}
