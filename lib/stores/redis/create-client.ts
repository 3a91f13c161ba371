import type { CreateClient, RedisClient } from './client.ts'
import { FST_DBGPT_AUTH_OPTION } from '../../errors.ts'
import { FST_DBGPT_AUTH_REDIS, FST_DBGPT_AUTH_REDIS_CLIENT } from './errors.ts'
import { reasonOf } from './fault.ts'

/** How long the first connection may take, in milliseconds. */
export const CONNECT_MS = 2500

/** What a URL of a Redis looks like, for errors. */
export const URL_SHAPE = 'redis://user:password@host:6379/0, or rediss:// for TLS, with %-encoded user and password'

const METHODS = ['connect', 'destroy', 'on', 'eval', 'hScan', 'xRead'] satisfies (keyof RedisClient)[]
const CLIENT = 'a function that returns a client of @redis/client (5 or 6) that is not connected, a new one each time'

/**
 * Tells whether a text is the URL of a Redis.
 *
 * @param url - `redis://[[user][:password]@]host[:port][/database]`, or `rediss://`
 */
export function isRedisUrl (url: unknown): url is string {
  if (typeof url !== 'string' || !URL.canParse(url)) return false
  const { protocol, hostname, username, password, pathname, search, hash } = new URL(url)
  try {
    decodeURIComponent(`${username}${password}`)
  } catch {
    return false
  }
  return /^rediss?:$/.test(protocol) && hostname !== '' && /^(\/\d{0,9})?$/.test(pathname) && search === '' && hash === ''
}

/**
 * Makes clients of a single server.
 *
 * @param importClient - imports the package of the client, which need not be installed
 * @throws `FST_DBGPT_AUTH_REDIS_CLIENT` if it is not, when a client is made
 */
export function clientOf (
  url: string, importClient: () => Promise<typeof import('@redis/client')> = async () => await import('@redis/client')
): CreateClient {
  return async () => {
    const { createClient } = await importClient().catch(cause => { throw new FST_DBGPT_AUTH_REDIS_CLIENT({ cause }) })
    return createClient({
      url,
      RESP: 2,
      disableClientInfo: true, // no command that an access control list would have to name
      socket: { reconnectStrategy: false, connectTimeout: CONNECT_MS }
    })
  }
}

/**
 * Makes clients as an application does.
 *
 * @throws `FST_DBGPT_AUTH_OPTION` if it makes something else, when it does
 */
export function clientFrom (createClient: () => unknown): CreateClient {
  return () => {
    let client
    try {
      client = createClient()
    } catch (error) {
      // Not the error itself, which can hold the URL.
      const reason = reasonOf(error) ?? 'for a reason of its own: call it alone to see which'
      throw new FST_DBGPT_AUTH_REDIS('the nodes of createClient', `createClient failed, ${reason}`)
    }
    const wrong = faultOf(client)
    if (wrong !== undefined) throw new FST_DBGPT_AUTH_OPTION('createClient', `${CLIENT}; it has returned ${wrong}`)
    return client as RedisClient
  }
}

function faultOf (client: unknown): string | undefined {
  if (client instanceof Promise) {
    // Nobody waits for what it may reject with.
    client.catch(() => {})
    return 'a promise'
  }
  const fields = Object(client) as Record<string, unknown>
  if (!METHODS.every(name => typeof fields[name] === 'function')) return 'something else'
  return fields['isOpen'] === true ? 'one that is connected' : undefined
}
