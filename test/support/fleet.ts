import { Agent } from 'node:http'
import type { Test } from 'tap'
import { createApiKey } from '../../lib/index.ts'
import { RedisKeyStore } from '../../lib/stores/redis/store.ts'
import { listening, start } from './demo-server.ts'
import { makeKey, pickOf } from './keys.ts'
import { Load, type Outage } from './load.ts'
import type { Program } from './process.ts'
import { RedisServer } from './redis.ts'
import { LOST, newsOf } from './server-log.ts'
import { statusOf } from './status.ts'
import { until } from './until.ts'

const PERSISTENT = ['--appendonly', 'yes', '--appendfsync', 'always']
const GOOD = 50
const DOOMED = 20
/** How many keys a fleet has once one was revoked and one added. */
export const KEYS_IN_LIST = GOOD + DOOMED

export interface Setup {
  /** More options of the Redis. */
  readonly options?: readonly string[]
  /** What is done before the servers start. */
  readonly before?: (redis: RedisServer) => Promise<unknown>
  readonly urlOf?: (redis: RedisServer) => string
  readonly env?: Readonly<Record<string, string>>
}

/** A Redis with a list of keys, and two servers under load. */
export class Fleet {
  readonly redis: RedisServer
  /** Works as the default user, over connections that are not kept. */
  readonly store: RedisKeyStore
  readonly servers: readonly Program[]
  readonly load: Load
  readonly #urls: readonly string[]
  readonly #good: string[]
  readonly #doomed: string[]
  readonly #revoked: string[] = []
  /** What clients and logs were checked against so far. */
  readonly #outages: Outage[] = []
  #lines = 0

  private constructor (
    t: Test, redis: RedisServer, store: RedisKeyStore, servers: readonly Program[], urls: readonly string[],
    keys: { readonly good: string[], readonly doomed: string[] }
  ) {
    this.redis = redis
    this.store = store
    this.servers = servers
    this.#urls = urls
    this.#good = keys.good
    this.#doomed = keys.doomed
    this.load = new Load(t, urls, { good: () => pickOf(this.#good), revoked: () => pickOf(this.#revoked) })
  }

  /** Starts all of it, and waits until there is load and a change has reached both servers. */
  static async start (t: Test, setup: Setup = {}): Promise<Fleet> {
    const { options = [], before, urlOf = ({ url }) => url, env = {} } = setup
    const redis = await RedisServer.start(t, [...PERSISTENT, ...options])
    const store = new RedisKeyStore({ url: redis.url })
    const keys = { good: Array.from({ length: GOOD }, makeKey), doomed: Array.from({ length: DOOMED }, makeKey) }
    await store.addAll([...keys.good, ...keys.doomed].map(text => createApiKey(text)))
    await before?.(redis)
    const all = { ...env, API_KEYS_REDIS_URL: urlOf(redis), PORT: '0', NODE_ENV: 'production' }
    const servers = [start(t, all), start(t, all)]
    const fleet = new Fleet(t, redis, store, servers, await Promise.all(servers.map(listening)), keys)
    await fleet.revoke(t)
    await fleet.load.more(20)
    const text = makeKey()
    await store.add(createApiKey(text))
    await fleet.#answers(text, 200)
    fleet.#good.push(text)
    return fleet
  }

  /** Revokes a key, and waits until both servers refuse it. */
  async revoke (t: Test, by = this.store): Promise<void> {
    const text = this.#doomed.pop() as string
    t.ok(await by.revoke(createApiKey(text).id), 'a key is revoked')
    await this.#answers(text, 401)
    this.#revoked.push(text)
  }

  /** Waits until both servers have logged so much news since the last check. */
  async logged (count: number): Promise<void> {
    await until(() => this.servers.every(server => newsOf(server).length === this.#lines + count))
  }

  /**
   * Checks what clients and logs saw of outages since the last check.
   *
   * @param t - the test
   * @param outages - what happened
   * @param code - as what it is logged
   */
  async check (t: Test, outages: readonly Outage[], code = 'FST_DBGPT_AUTH_REDIS'): Promise<void> {
    this.#outages.push(...outages)
    await this.load.more(20)
    await this.logged(2 * outages.length)
    t.same(this.load.wrong(this.#outages), [], 'no request was answered wrongly')
    t.ok(this.load.losses().every(count => count <= this.#outages.length), 'nothing else was lost')
    const lost = { level: 50, msg: LOST, err: { code } }
    const back = { level: 30, msg: /^The key feed is back after \d+ ms$/ }
    const lines = outages.flatMap(() => [lost, back])
    for (const server of this.servers) t.match(newsOf(server).slice(this.#lines), lines, 'each outage is news twice')
    this.#lines += lines.length
    for (const { from, noticed, repaired, back } of outages) {
      if (noticed < Infinity) t.comment(`noticed after ${Math.round(noticed - from)} ms`)
      t.comment(`over ${Math.round(back - repaired)} ms after the repair began`)
    }
  }

  /** Ends the load and the servers, in whose logs no secret may stand. */
  async end (t: Test, secret?: string): Promise<void> {
    await this.load.stop()
    t.comment(this.load.counts())
    for (const server of this.servers) {
      const { stderr } = server.output
      t.notOk(/rediss?:/.test(stderr) || (secret !== undefined && stderr.includes(secret)), 'no secret is in the log')
      server.kill('SIGTERM')
      t.match(await server.exit, { code: 0 })
    }
  }

  async #answers (text: string, status: number): Promise<void> {
    for (const url of this.#urls) await until(async () => await statusOf(url, text, new Agent()) === status)
  }
}
