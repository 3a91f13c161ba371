import { resolve } from 'node:path'
import { createApiKey } from '../../keys/api-key.ts'
import type { KeyIndex } from '../../keys/key-index.ts'
import type { WeakKeys } from '../../keys/weak-key.ts'
import type {
  ApiKey, ApiKeyDetails, ApiKeyHistoryEntry, ChangeOptions, KeyStoreLog, KeyStoreStatus, ManagedKeyStore
} from '../../types.ts'
import { changerOf } from '../changer.ts'
import { limitOf } from '../history.ts'
import { ManagedStore } from '../managed.ts'
import { Usage } from '../usage.ts'
import { FollowedKeys } from './followed-keys.ts'
import { readHistory } from './history-read.ts'
import { updateKeyFile } from './update.ts'
import { UsageFile } from './usage-file.ts'

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
  readonly #followed: FollowedKeys
  #log: KeyStoreLog | undefined

  /**
   * @param file - the file's path, relative to the working directory of now
   * @param options - `weakKeys`: what to do about keys in a plain list that can be guessed or look miswritten;
   * `usageIntervalMs`: how often it is written how keys are used, 60,000 milliseconds by default
   * @throws `FST_DBGPT_AUTH_OPTION`
   */
  constructor (file: string, { weakKeys = 'warn', usageIntervalMs }: FileKeyStoreOptions = {}) {
    super()
    this.#file = resolve(file)
    this.#followed = new FollowedKeys(this.#file, {
      weakKeys, onChange: changes => { this.tell(changes) }, isHeard: () => this.isHeard
    })
    const isListed = (id: string): boolean => this.#followed.keys.has(id)
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
    await this.#followed.open(log)
  }

  get size (): number {
    return this.#followed.keys.size
  }

  /** Up is a store that is open, if the file was good at the last look, four times a second. */
  status (): KeyStoreStatus {
    return this.#followed.status()
  }

  async close (): Promise<void> {
    await this.counted.close()
    await this.#followed.close()
  }

  /**
   * Looks a key up in the list in memory, at once.
   *
   * @param digest - the SHA-256 digest of the key's text, 64 lower-case hex digits
   */
  find (digest: string): ApiKey | undefined {
    return this.#followed.keys.byDigest.get(digest)
  }

  /**
   * Returns the records: of the list in memory if the store is open, else of the file.
   *
   * @throws `FST_DBGPT_AUTH_KEY_FILE_UNREADABLE`, `FST_DBGPT_AUTH_KEY_FILE_INVALID`, `FST_DBGPT_AUTH_KEY_INVALID`,
   * `FST_DBGPT_AUTH_KEYS_EMPTY`, `FST_DBGPT_AUTH_KEY_MISWRITTEN` or `FST_DBGPT_AUTH_KEY_WEAK`
   */
  async list (): Promise<ApiKey[]> {
    if (!this.#followed.isOpen) await this.#followed.load()
    return [...this.#followed.keys.values()]
  }

  async addAll (keys: Iterable<ApiKey>, options?: ChangeOptions): Promise<number> {
    const records = Array.from(keys, key => createApiKey(key))
    let added = 0
    await this.#update(options, current => {
      added = current.addMissing(records)
      return added > 0
    })
    return added
  }

  async update (id: string, details: ApiKeyDetails, options?: ChangeOptions): Promise<boolean> {
    return await this.#update(options, current => current.update(id, details))
  }

  async revoke (id: string, options?: ChangeOptions): Promise<boolean> {
    return await this.#update(options, current => current.delete(id))
  }

  /**
   * Returns what was done to keys and by whom, the newest last: of the file beside, in which each change is a line.
   *
   * @param options - `limit`: how many entries at most, the newest; at most 10,000, the default
   * @throws `FST_DBGPT_AUTH_KEY_FILE_HISTORY`, or `FST_DBGPT_AUTH_KEY_FILE_UNREADABLE` if there is neither file
   */
  async history ({ limit }: { readonly limit?: number | undefined } = {}): Promise<ApiKeyHistoryEntry[]> {
    return await readHistory(this.#file, limitOf(limit))
  }

  /** Changes the file, and puts the new list in force at once. */
  async #update (options: ChangeOptions | undefined, change: (current: KeyIndex) => boolean): Promise<boolean> {
    // What an open store follows is there: if it is gone, nothing is to be put in its place.
    const changer = changerOf(options, this.#log)
    const changed = await updateKeyFile(this.#file, change, { mustExist: this.#followed.isOpen, changer })
    // Read back, for somebody may have replaced it since.
    if (changed) await this.#followed.load()
    return changed
  }
}
