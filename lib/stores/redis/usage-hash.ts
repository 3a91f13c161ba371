import { randomUUID } from 'node:crypto'
import type { Tallies, Tally } from '../tally.ts'
import { UNLISTED_MS, type UsagePlace } from '../usage.ts'
import { isForbidden } from './fault.ts'
import type { Script } from './layout.ts'
import type { Writer } from './writer.ts'

/** How many keys a script takes: Lua passes on some thousands of arguments at most. */
const BATCH = 500
/** How many fields a script looks at for what is to go, about. */
const SWEPT = 100

/**
 * Adds uses to a hash: of the ids ARGV[4], ARGV[7], … so many as the argument behind each, the last one so many
 * milliseconds ago as the next. ARGV[2] is the number of this batch of the instance whose field is ARGV[1]: one that
 * is there already is not added again, for its confirmation was lost. Then it looks at a part of the hash, from the
 * cursor ARGV[3] on, and removes what is a day old and of no key, or of no instance; returns the next cursor.
 */
const ADD_USES: Script = {
  names: ['usage', 'keys'],
  lua: `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local names = { ARGV[1] }
for i = 4, #ARGV, 3 do names[#names + 1] = ARGV[i] end
local old = redis.call('HMGET', KEYS[1], unpack(names))
if tonumber(string.match(old[1] or '', '^%d+') or 0) < tonumber(ARGV[2]) then
  local fields = { ARGV[1], ARGV[2] .. ' ' .. string.format('%.0f', now) }
  for i = 4, #ARGV, 3 do
    local count, at = string.match(old[(i + 2) / 3] or '', '^(%d+) (%d+)$')
    fields[#fields + 1] = ARGV[i]
    fields[#fields + 1] = string.format('%.0f %.0f', (count or 0) + ARGV[i + 1], math.max(at or 0, now - ARGV[i + 2]))
  end
  redis.call('HSET', KEYS[1], unpack(fields))
end
local page = redis.call('HSCAN', KEYS[1], ARGV[3], 'COUNT', ${SWEPT})
for i = 1, #page[2], 2 do
  local at = string.match(page[2][i + 1], '^%d+ (%d+)$')
  if now - (at or 0) > ${UNLISTED_MS} and not redis.call('HMGET', KEYS[2], page[2][i])[1] then
    redis.call('HDEL', KEYS[1], page[2][i])
  end
end
return page[1]`
}

/** Returns the usage of the ids in ARGV, each as it is kept: a count and milliseconds since the epoch. */
const READ_USES: Script = { names: ['usage'], lua: "return redis.call('HMGET', KEYS[1], unpack(ARGV))" }

/** Keeps usage in a hash, which all instances add to, by the clock of Redis. */
export class UsageHash implements UsagePlace {
  readonly #writer: Pick<Writer, 'run'>
  /** The field that tells which batch of this instance was the last. No id begins so. */
  readonly #field = `#${randomUUID()}`
  readonly #name: string
  #confirmed = 0
  #cursor = '0'

  /** @param name - what it is called in Redis, for errors */
  constructor (writer: Pick<Writer, 'run'>, name: string) {
    this.#writer = writer
    this.#name = name
  }

  /** @throws `FST_DBGPT_AUTH_REDIS` */
  async read (ids: readonly string[]): Promise<Tallies> {
    const tallies = new Map<string, Tally>()
    for (let start = 0; start < ids.length; start += BATCH) {
      const batch = ids.slice(start, start + BATCH)
      const texts = await this.#run<(string | null)[]>(READ_USES, batch)
      for (const [index, id] of batch.entries()) {
        const [, count, at] = /^(\d+) (\d+)$/.exec(texts[index] ?? '') ?? []
        if (count !== undefined) tallies.set(id, { count: Number(count), lastUsedAt: Number(at) })
      }
    }
    return tallies
  }

  /** @throws `FST_DBGPT_AUTH_REDIS` */
  async add (tallies: Tallies): Promise<void> {
    const all = [...tallies]
    let number = this.#confirmed
    for (let start = 0; start < all.length; start += BATCH) {
      const args = all.slice(start, start + BATCH).flatMap(([id, { count, lastUsedAt }]) =>
        [id, String(count), String(Math.max(0, Date.now() - lastUsedAt))])
      this.#cursor = await this.#run<string>(ADD_USES, [this.#field, String(++number), this.#cursor, ...args])
    }
    this.#confirmed = number
  }

  async #run<T> (script: Script, args: string[]): Promise<T> {
    try {
      return await this.#writer.run<T>(script, args)
    } catch (error) {
      if (isForbidden(error)) (error as Error).message += `; for usage: (~${this.#name} +hset +hdel +time)`
      throw error
    }
  }
}
