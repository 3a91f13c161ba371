import { resolve } from 'node:path'
import { createApiKey } from '../../keys/api-key.ts'
import { compareLists } from '../changes.ts'
import { digestOf } from '../../keys/digest.ts'
import { KeyIndex } from '../../keys/key-index.ts'
import { judgeKeys, type WeakKeys } from '../../keys/weak-key.ts'
import type { ApiKey, ApiKeyDetails, KeyStoreLog, KeyStoreStatus, ManagedKeyStore } from '../../types.ts'
import { ManagedStore } from '../managed.ts'
import { Circumstances } from './circumstances.ts'
import { parseKeyFile } from './key-file.ts'
import { readKeyFile } from './read.ts'
import { Usage } from '../usage.ts'
import { updateKeyFile } from './update.ts'
import { UsageFile } from './usage-file.ts'
import { FileWatch } from './watch.ts'

interface FileKeyStoreOptions {
  readonly weakKeys?: WeakKeys | undefined
  readonly usageIntervalMs?: number | undefined
}

/**
 * Keeps keys in a file, and follows its changes: what another process writes is in force within 2 seconds.
 * The file is a plain list, or JSON as the command `dbgpt-auth` writes it; only the latter can be changed.
 *
 * @example
 * await app.register(dbgptAuth, { keys: new FileKeyStore('/etc/my-api/keys.json') })
 */
export class FileKeyStore extends ManagedStore implements ManagedKeyStore {
  protected readonly counted: Usage
  readonly #file: string
  readonly #weakKeys: WeakKeys
  #keys = new KeyIndex()
  /** Counts the lists that were put in force, so that a reading that began before knows of them. */
  #edition = 0
  #log: KeyStoreLog | undefined
  #circumstances: Circumstances | undefined
  #watch: FileWatch | undefined
  /** The digest of the text in force. */
  #text: string | undefined
  #fault: string | undefined

  /**
   * @param file - the file's path, relative to the working directory of now
   * @param options - `weakKeys`: what to do about keys in a plain list that can be guessed or look miswritten;
   * `usageIntervalMs`: how often it is written how keys are used, 60,000 milliseconds by default
   * @throws `FST_DBGPT_AUTH_OPTION`
   */
  constructor (file: string, { weakKeys = 'warn', usageIntervalMs }: FileKeyStoreOptions = {}) {
    super()
    this.#file = resolve(file)
    this.#weakKeys = weakKeys
    const isListed = (id: string): boolean => this.#keys.has(id)
    this.counted = new Usage(isListed, new UsageFile(this.#file, isListed), usageIntervalMs)
  }

  /**
   * Reads the file, and follows it from then on.
   *
   * @param log - told of changes and faults of the file
   * @throws `FST_DBGPT_AUTH_KEY_FILE_UNREADABLE`, or as {@link FileKeyStore.list}
   */
  async open (log?: KeyStoreLog): Promise<void> {
    this.#log = log
    this.counted.open(log)
    this.#circumstances = log && new Circumstances(this.#file, log)
    await this.#load()
    this.#watch = new FileWatch(this.#file, async () => await this.#follow())
    this.#watch.start()
  }

  get size (): number {
    return this.#keys.size
  }

  /** Up is a store that is open, if the file was good at the last look, four times a second. */
  status (): KeyStoreStatus {
    return this.#watch?.status() ?? { up: false, ageMs: Infinity }
  }

  async close (): Promise<void> {
    await this.counted.close()
    await this.#watch?.stop()
    this.#watch = undefined
  }

  /**
   * Looks a key up in the list in memory, at once.
   *
   * @param digest - the SHA-256 digest of the key's text, 64 lower-case hex digits
   */
  find (digest: string): ApiKey | undefined {
    return this.#keys.byDigest.get(digest)
  }

  /**
   * Returns the records: of the list in memory if the store is open, else of the file.
   *
   * @throws `FST_DBGPT_AUTH_KEY_FILE_UNREADABLE`, `FST_DBGPT_AUTH_KEY_FILE_INVALID`, `FST_DBGPT_AUTH_KEY_INVALID`,
   * `FST_DBGPT_AUTH_KEYS_EMPTY`, `FST_DBGPT_AUTH_KEY_MISWRITTEN` or `FST_DBGPT_AUTH_KEY_WEAK`
   */
  async list (): Promise<ApiKey[]> {
    if (this.#watch === undefined) await this.#load()
    return [...this.#keys.values()]
  }

  async addAll (keys: Iterable<ApiKey>): Promise<number> {
    const records = Array.from(keys, key => createApiKey(key))
    let added = 0
    await this.#update(current => {
      added = current.addMissing(records)
      return added > 0
    })
    return added
  }

  async update (id: string, details: ApiKeyDetails): Promise<boolean> {
    return await this.#update(current => current.update(id, details))
  }

  async revoke (id: string): Promise<boolean> {
    return await this.#update(current => current.delete(id))
  }

  /** Changes the file, and puts the new list in force at once. */
  async #update (change: (current: KeyIndex) => boolean): Promise<boolean> {
    // What an open store follows is there: if it is gone, nothing is to be put in its place.
    const changed = await updateKeyFile(this.#file, change, this.#watch !== undefined)
    // Read back, for somebody may have replaced it since.
    if (changed) await this.#load()
    return changed
  }

  /** Puts the file's keys in force, and tells whether they are news. */
  async #load (): Promise<boolean> {
    const edition = this.#edition
    const { text, stats } = await readKeyFile(this.#file)
    await this.#circumstances?.look(stats)
    const digest = digestOf(text)
    if (digest === this.#text) return false
    const { list } = await parseKeyFile(text, this.#file)
    judgeKeys(list, this.#weakKeys, this.#log)
    // Another reading was faster; which of the two is out of date, the file tells.
    if (edition !== this.#edition) return await this.#load()
    const before = this.#keys
    const isNews = this.#text !== undefined
    this.#edition++
    this.#keys = list.keys
    this.#text = digest
    if (isNews && this.isHeard) this.tell(await compareLists(before, list.keys))
    return true
  }

  /** Reads the changed file, and tells whether it is good; if not, the last good list stays in force. */
  async #follow (): Promise<boolean> {
    try {
      const news = await this.#load()
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
