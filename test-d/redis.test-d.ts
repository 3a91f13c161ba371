// Checked by tsc and never run.
import { createClient, createCluster, createSentinel } from '@redis/client'
import type { ManagedKeyStore } from 'fastify-dbgpt-auth'
import { RedisKeyStore } from 'fastify-dbgpt-auth/redis'
import { createClient as createClient5, createCluster as createCluster5, createSentinel as createSentinel5 } from 'redis-client-5'

const url = 'redis://localhost'

// Every kind of client is taken, of each version that the package works with.
export const stores: ManagedKeyStore[] = [
  new RedisKeyStore({ url }),
  new RedisKeyStore({ url, prefix: undefined, graceMs: undefined, waitReplicas: undefined }),
  new RedisKeyStore({ createClient: () => createClient({ url }), graceMs: 0 }),
  new RedisKeyStore({ createClient: () => createClient({ url, RESP: 2 }) }),
  new RedisKeyStore({ createClient: () => createCluster({ rootNodes: [{ url }] }) }),
  new RedisKeyStore({ createClient: () => createSentinel({ name: 'main', sentinelRootNodes: [{ host: 'a', port: 26379 }] }) }),
  new RedisKeyStore({ createClient: () => createClient5({ url }) }),
  new RedisKeyStore({ createClient: () => createCluster5({ rootNodes: [{ url }] }) }),
  new RedisKeyStore({ createClient: () => createSentinel5({ name: 'main', sentinelRootNodes: [{ host: 'a', port: 26379 }] }) })
]

// @ts-expect-error One of both.
export const both = new RedisKeyStore({ url, createClient: () => createClient({ url }) })
// @ts-expect-error One of both.
export const none = new RedisKeyStore({ prefix: 'x' })
// @ts-expect-error Not a client.
export const other = new RedisKeyStore({ createClient: () => ({}) })
