import type { CreateClient, RedisClient } from './client.ts'
import { FST_DBGPT_AUTH_REDIS, FST_DBGPT_AUTH_REDIS_CLIENT } from './errors.ts'
import { explain } from './fault.ts'

/** How long the first connection may take, in milliseconds. */
export const CONNECT_MS = 2500

/** What a URL of a Redis looks like, for errors. */
export const URL_SHAPE = 'redis://user:password@host:6379/0, or rediss:// for TLS, with %-encoded user and password'

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

/** Makes clients as an application does. */
export function clientFrom (createClient: () => RedisClient): CreateClient {
  return () => {
    try {
      return createClient()
    } catch (error) {
      // Not the error itself, which can hold the URL.
      throw new FST_DBGPT_AUTH_REDIS('the nodes of createClient', `createClient failed, ${explain(error)}`)
    }
  }
}
