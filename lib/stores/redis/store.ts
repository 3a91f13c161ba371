import { createApiKey } from '../../keys/api-key.ts'
import { FST_DBGPT_AUTH_OPTION } from '../../errors.ts'
import type { Changes } from '../changes.ts'
import type {
  ApiKey, ApiKeyDetails, ApiKeyHistoryEntry, ChangeOptions, KeyStoreLog, KeyStoreStatus, ManagedKeyStore
} from '../../types.ts'
import { changerOf } from '../changer.ts'
import { limitOf } from '../history.ts'
import { ManagedStore } from '../managed.ts'
import { Usage } from '../usage.ts'
import type { CreateClient, RedisClient } from './client.ts'
import { clientFrom, clientOf, isRedisUrl, URL_SHAPE } from './create-client.ts'
import { Feed } from './feed.ts'
import { layoutOf } from './layout.ts'
import { UsageHash } from './usage-hash.ts'
import { Writer } from './writer.ts'

export type { RedisClient } from './client.ts'

/** Where the keys are, and how much of a fault is borne. */
export type RedisKeyStoreOptions = RedisKeyStoreSettings & (
  | {
    /** `redis://[[user][:password]@]host[:port][/database]`, or `rediss://` for TLS. */
    readonly url: string
    readonly createClient?: undefined
  }
  | {
    /** Makes a client of `@redis/client` that is not connected yet: of a single server, a cluster or Sentinel. */
    readonly createClient: () => RedisClient
    readonly url?: undefined
  }
)

interface RedisKeyStoreSettings {
  /**
   * What the names in Redis begin with: 1 to 100 visible ASCII characters without braces.
   * @defaultValue `'dbgpt-auth'`
   */
  readonly prefix?: string | undefined
  /**
   * How long keys still pass after the last answer of Redis, in milliseconds; 0, not at all.
   * @defaultValue `60_000`
   */
  readonly graceMs?: number | undefined
  /**
   * How many replicas must confirm a change, within a second, for it not to fail.
   * @defaultValue `0`
   */
  readonly waitReplicas?: number | undefined
  /**
   * How often it is written how keys are used, in milliseconds.
   * @defaultValue `60_000`
   */
  readonly usageIntervalMs?: number | undefined
}

/**
 * Keeps keys in Redis for a fleet of instances: each holds the whole list in memory and follows its changes, which are
 * in force everywhere within milliseconds. No request waits for Redis.
 *
 * @example
 * await app.register(dbgptAuth, { keys: new RedisKeyStore({ url: 'redis://localhost:6379' }) })
 */
export class RedisKeyStore extends ManagedStore implements ManagedKeyStore {
  protected readonly counted: Usage
  readonly #feed: Feed
  readonly #writer: Writer
  #log: KeyStoreLog | undefined

  /**
   * @param options - where the keys are
   * @throws `FST_DBGPT_AUTH_OPTION`
   */
  constructor (options: RedisKeyStoreOptions) {
    super()
    const { prefix = 'dbgpt-auth', graceMs = 60_000, waitReplicas = 0 } = options
    assert('prefix', '1 to 100 visible ASCII characters without braces', /^[!-z|~]{1,100}$/.test(prefix))
    assert('graceMs', 'a number of milliseconds, 0 or more', typeof graceMs === 'number' && graceMs >= 0)
    assert('waitReplicas', 'a number of replicas, 0 or more', Number.isSafeInteger(waitReplicas) && waitReplicas >= 0)
    const [createClient, layout] = [clientsOf(options), layoutOf(prefix)]
    const onChange = (changes: Changes): void => { this.tell(changes) }
    this.#feed = new Feed({ createClient, layout, graceMs, onChange, isHeard: () => this.isHeard })
    this.#writer = new Writer({
      createClient,
      layout,
      waitReplicas,
      keep: () => this.#feed.isOpen,
      onChange: (...change) => this.#feed.apply(...change)
    })
    this.counted = new Usage(id => this.#feed.has(id), new UsageHash(this.#writer, layout.usage), options.usageIntervalMs)
  }

  /** How many keys the list in memory holds, with those whose records cannot be read; 0 before it has been read. */
  get size (): number {
    return this.#feed.size
  }

  /**
   * Reads the list, and follows its changes from then on.
   *
   * @param log - told when the feed is lost and when it is back
   * @throws `FST_DBGPT_AUTH_REDIS`, `FST_DBGPT_AUTH_REDIS_EMPTY` or `FST_DBGPT_AUTH_REDIS_CLIENT`, at most 5 seconds
   * after the last answer, and `FST_DBGPT_AUTH_OPTION` if `createClient` returns no client, or one that is connected
   */
  async open (log?: KeyStoreLog): Promise<void> {
    this.#log = log
    this.counted.open(log)
    await this.#feed.open(log)
  }

  async close (): Promise<void> {
    await this.counted.close()
    await Promise.all([this.#feed.close(), this.#writer.close()])
  }

  /** Up is a store that is open and hears from Redis, at least twice a second. */
  status (): KeyStoreStatus {
    return this.#feed.status()
  }

  /**
   * Looks a key up in the list in memory, at once.
   *
   * @param digest - the SHA-256 digest of the key's text, 64 lower-case hex digits
   * @throws `FST_DBGPT_AUTH_REDIS_FEED_LOST` where the list may be out of date and its answer wrong, and
   * `FST_DBGPT_AUTH_REDIS_UNREADABLE` for a record that cannot be read
   */
  find (digest: string): ApiKey | undefined {
    return this.#feed.find(digest)
  }

  /**
   * Returns the records: of the list in memory if the store is open, else of Redis.
   *
   * @throws as {@link RedisKeyStore.open}
   */
  async list (): Promise<ApiKey[]> {
    return await this.#feed.list()
  }

  /**
   * Adds the keys whose ids are not taken, some hundreds in a step. Without any, nothing is changed, and what would keep
   * one from being added is thrown as far as Redis tells it before.
   *
   * @param keys - the records
   * @returns how many were added
   * @throws as {@link RedisKeyStore.revoke}
   */
  async addAll (keys: Iterable<ApiKey>, options?: ChangeOptions): Promise<number> {
    return await this.#writer.add(Array.from(keys, key => createApiKey(key)), changerOf(options, this.#log))
  }

  async update (id: string, details: ApiKeyDetails, options?: ChangeOptions): Promise<boolean> {
    return await this.#writer.update(id, details, changerOf(options, this.#log))
  }

  /**
   * Removes a key.
   *
   * @param id - the record's id, 16 hex digits
   * @returns false if there is no such key
   * @throws `FST_DBGPT_AUTH_REDIS` if Redis refuses, `FST_DBGPT_AUTH_REDIS_UNCONFIRMED` if it does not answer, and
   * `FST_DBGPT_AUTH_REDIS_REPLICAS` if too few replicas confirm, where the revocation stands on the master
   */
  async revoke (id: string, options?: ChangeOptions): Promise<boolean> {
    return await this.#writer.revoke(id, changerOf(options, this.#log))
  }

  /**
   * Returns what was done to keys and by whom, the newest last, as Redis has it; it keeps about 10,000 entries.
   *
   * @param options - `limit`: how many entries at most, the newest; at most 10,000, the default
   * @throws `FST_DBGPT_AUTH_REDIS`, or `FST_DBGPT_AUTH_REDIS_EMPTY` if there is neither a history nor a list of keys
   */
  async history ({ limit }: { readonly limit?: number | undefined } = {}): Promise<ApiKeyHistoryEntry[]> {
    return await this.#writer.recall(limitOf(limit))
  }
}

function clientsOf ({ url, createClient }: RedisKeyStoreOptions): CreateClient {
  if (createClient === undefined) {
    if (!isRedisUrl(url)) throw new FST_DBGPT_AUTH_OPTION('url', URL_SHAPE)
    return clientOf(url)
  }
  assert('createClient', 'a function, and given in place of "url"', typeof createClient === 'function' && url === undefined)
  return clientFrom(createClient)
}

function assert (option: string, expected: string, holds: boolean): void {
  if (!holds) throw new FST_DBGPT_AUTH_OPTION(option, expected)
}
