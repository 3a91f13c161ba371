import { type Changes, compareLists } from '../changes.ts'
import { digestOf } from '../../keys/digest.ts'
import { KeyIndex } from '../../keys/key-index.ts'
import { judgeKeys, type WeakKeys } from '../../keys/weak-key.ts'
import type { KeyStoreLog, KeyStoreStatus } from '../../types.ts'
import { Circumstances } from './circumstances.ts'
import { HistoryNews } from './history-read.ts'
import { parseKeyFile } from './key-file.ts'
import { readKeyFile } from './read.ts'
import { FileWatch } from './watch.ts'

export interface FollowedKeysOptions {
  readonly weakKeys: WeakKeys
  /** Is told what has changed. */
  readonly onChange: (changes: Changes) => void
  /** Whether that is of interest: to compare two long lists takes a while. */
  readonly isHeard: () => boolean
}

/** The keys of a file as they were last good, and what keeps them as they are in the file. */
export class FollowedKeys {
  readonly #file: string
  readonly #options: FollowedKeysOptions
  readonly #news: HistoryNews
  #keys = new KeyIndex()
  /** Counts the lists that were put in force, so that a reading that began before knows of them. */
  #edition = 0
  #log: KeyStoreLog | undefined
  #circumstances: Circumstances | undefined
  #watch: FileWatch | undefined
  /** The digest of the text in force. */
  #text: string | undefined
  #fault: string | undefined

  constructor (file: string, options: FollowedKeysOptions) {
    this.#file = file
    this.#options = options
    this.#news = new HistoryNews(file)
  }

  /** Reads the file, and follows it from then on. */
  async open (log: KeyStoreLog | undefined): Promise<void> {
    this.#log = log
    this.#circumstances = log && new Circumstances(this.#file, log)
    await this.#news.begin()
    await this.load()
    this.#watch = new FileWatch(this.#file, async () => await this.#follow())
    this.#watch.start()
  }

  async close (): Promise<void> {
    await this.#watch?.stop()
    this.#watch = undefined
  }

  get isOpen (): boolean {
    return this.#watch !== undefined
  }

  status (): KeyStoreStatus {
    return this.#watch?.status() ?? { up: false, ageMs: Infinity }
  }

  /** The list in force. */
  get keys (): KeyIndex {
    return this.#keys
  }

  /** Puts the file's keys in force, and tells whether they are news. */
  async load (): Promise<boolean> {
    const edition = this.#edition
    const { text, stats } = await readKeyFile(this.#file)
    await this.#circumstances?.look(stats)
    const digest = digestOf(text)
    if (digest === this.#text) return false
    const { list: { keys }, list } = await parseKeyFile(text, this.#file)
    judgeKeys(list, this.#options.weakKeys, this.#log)
    const isToBeTold = this.#text !== undefined && this.#options.isHeard()
    if (isToBeTold) await this.#news.look()
    // Another reading was faster; which of the two is out of date, the file tells.
    if (edition !== this.#edition) return await this.load()
    const before = this.#keys
    this.#edition++
    this.#keys = keys
    this.#text = digest
    if (isToBeTold) this.#options.onChange(this.#news.attribute(await compareLists(before, keys)))
    return true
  }

  /** Reads the changed file, and tells whether it is good; if not, the last good list stays in force. */
  async #follow (): Promise<boolean> {
    try {
      const news = await this.load()
      const keys = this.#keys.size
      if (this.#fault !== undefined) this.#log?.info({ keys }, 'The key file is good again')
      else if (news) this.#log?.info({ keys }, 'API keys reloaded')
      this.#fault = undefined
      return true
    } catch (err) {
      const { message } = err as Error
      if (message !== this.#fault) this.#log?.error({ err }, 'The key file is not good: the last good keys stay in force')
      this.#fault = message
      return false
    }
  }
}
