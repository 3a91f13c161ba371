import { createClient, RESP_TYPES } from '@redis/client'
import type { RedisServer } from './redis.ts'

/** Keeps the keys of a Redis, and returns what restores them. */
export async function backUp ({ url }: RedisServer): Promise<() => Promise<void>> {
  const connect = async () => {
    return await createClient({ url, RESP: 2 }).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }).connect()
  }
  const names = ['keys', 'changes', 'meta'].map(name => `{dbgpt-auth}:${name}`)
  const client = await connect()
  const dumps = await Promise.all(names.map(async name => await client.dump(name)))
  client.destroy()
  return async () => {
    const client = await connect()
    const all = client.multi()
    names.forEach((name, index) => all.restore(name, 0, dumps[index] as Buffer))
    await all.exec()
    client.destroy()
  }
}
