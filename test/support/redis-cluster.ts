import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { makeTemporaryFolder } from './files.ts'
import { until } from './until.ts'
import { freePorts, RedisServer } from './redis.ts'

const run = promisify(execFile)
/** How long a node is silent until it counts as down, in milliseconds. */
const DOWN_MS = 1000
const NAME = 'keys'
/** Replication without the pauses that let others join in, and that tell of replicas late. */
const REPLICATION = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1']

/** What clients of nodes should be told: to give up, for the store to take a fresh client, and to leave no socket behind. */
const socket = { reconnectStrategy: false, connectTimeout: 1000, socketTimeout: 5000 } as const
/** What those should be told that are asked for the master: to try the next one soon, if one hangs. */
const guide = { connectTimeout: 1000, socketTimeout: 1000 }

/** Sends a command to the first of some servers that answers. */
async function ask (servers: readonly RedisServer[], ...args: string[]): Promise<unknown> {
  for (const server of servers) {
    try {
      return await server.send(...args)
    } catch { /* it is dead */ }
  }
  throw new Error('no server answers')
}

/** Tells whether a server is a master. */
export async function isMaster (server: RedisServer): Promise<boolean> {
  const [role] = await server.send('ROLE') as [string]
  return role === 'master'
}

/** Tells whether a master has so many replicas, or a replica has all of its master's data. */
export async function isInSync (server: RedisServer, replicas: number): Promise<boolean> {
  const [role, , list, state] = await server.send('ROLE') as [string, unknown, unknown[], string]
  return role === 'master' ? list.length === replicas : state === 'connected'
}

type Range = [from: number, to: number, ...nodes: [host: string, port: number][]]

/** A master of a cluster, and its replica. */
export interface Shard {
  readonly master: RedisServer
  readonly replica: RedisServer
}

/** A cluster of three masters and three replicas, which ends with the test. */
export class RedisCluster {
  readonly #nodes: readonly RedisServer[]

  private constructor (nodes: readonly RedisServer[]) {
    this.#nodes = nodes
  }

  /** Starts the nodes, and waits until all of them are one cluster. */
  static async start (t: Test): Promise<RedisCluster> {
    const buses = await freePorts(6)
    const options = [...REPLICATION, '--cluster-enabled', 'yes', '--cluster-node-timeout', String(DOWN_MS)]
    const nodes = await Promise.all(buses.map(async bus => {
      return await RedisServer.start(t, [...options, '--cluster-port', String(bus)])
    }))
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
    await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes'])
    for (const node of nodes) {
      await until(async () => {
        const ranges = await node.send('CLUSTER', 'SLOTS') as Range[]
        const state = String(await node.send('CLUSTER', 'INFO'))
        return /cluster_state:ok/.test(state) && ranges.every(({ length }) => length === 4) && await isInSync(node, 1)
      })
    }
    return new RedisCluster(nodes)
  }

  /** What an application should tell `createCluster`. */
  get options () {
    return {
      rootNodes: this.#nodes.map(({ url }) => ({ url, socket: guide })),
      minimizeConnections: true,
      defaults: { socket }
    }
  }

  /**
   * Returns the shards, first the one that holds a key.
   *
   * @param key - the key
   */
  async shards (key: string): Promise<[Shard, Shard, Shard]> {
    const slot = await ask(this.#nodes, 'CLUSTER', 'KEYSLOT', key) as number
    const ranges = await ask(this.#nodes, 'CLUSTER', 'SLOTS') as Range[]
    const holds = ([from, to]: Range): boolean => from <= slot && slot <= to
    ranges.sort((a, b) => Number(holds(b)) - Number(holds(a)))
    return ranges.map(([, , ...addresses]) => {
      const [master, replica] = addresses.map(([, port]) => this.#nodes.find(node => node.port === port))
      return { master, replica }
    }) as [Shard, Shard, Shard]
  }
}

/** A master with two replicas and three Sentinels, which end with the test. */
export class RedisSentinels {
  /** The first master, then its replicas. */
  readonly nodes: readonly [RedisServer, RedisServer, RedisServer]
  readonly #sentinels: readonly RedisServer[]

  private constructor (nodes: readonly [RedisServer, RedisServer, RedisServer], sentinels: readonly RedisServer[]) {
    this.nodes = nodes
    this.#sentinels = sentinels
  }

  /** Starts the servers, and waits until the Sentinels know all of them. */
  static async start (t: Test): Promise<RedisSentinels> {
    const master = await RedisServer.start(t, REPLICATION)
    const options = [...REPLICATION, '--replicaof', `127.0.0.1 ${master.port}`]
    const nodes = [master, await RedisServer.start(t, options), await RedisServer.start(t, options)] as const
    for (const node of nodes) await until(async () => await isInSync(node, 2))
    const sentinels = await Promise.all(Array.from({ length: 3 }, async () => {
      const file = join(await makeTemporaryFolder(t), 'sentinel.conf')
      await writeFile(file, '')
      const sentinel = await RedisServer.start(t, [file, '--sentinel'])
      await sentinel.send('SENTINEL', 'MONITOR', NAME, '127.0.0.1', String(master.port), '2')
      const times = ['down-after-milliseconds', String(DOWN_MS), 'failover-timeout', String(2 * DOWN_MS)]
      await sentinel.send('SENTINEL', 'SET', NAME, ...times)
      return sentinel
    }))
    for (const sentinel of sentinels) {
      await until(async () => {
        const state = String(await sentinel.send('SENTINEL', 'MASTER', NAME))
        return /num-slaves,2,num-other-sentinels,2/.test(state)
      })
    }
    return new RedisSentinels(nodes, sentinels)
  }

  /** What an application should tell `createSentinel`. */
  get options () {
    return {
      name: NAME,
      sentinelRootNodes: this.#sentinels.map(({ port }) => ({ host: '127.0.0.1', port })),
      maxCommandRediscovers: 0,
      nodeClientOptions: { socket },
      sentinelClientOptions: { pingInterval: 500, socket: guide }
    }
  }

  /** Returns the master; undefined while it is down, or another one is about to take its place. */
  async master (): Promise<RedisServer | undefined> {
    const fields = await ask(this.#sentinels, 'SENTINEL', 'MASTER', NAME) as string[]
    const [port, flags] = ['port', 'flags'].map(name => fields[fields.indexOf(name) + 1])
    return flags === 'master' ? this.nodes.find(node => node.port === Number(port)) : undefined
  }
}
