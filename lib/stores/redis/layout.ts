import type { RedisClient } from './client.ts'

/** The format of what is stored, and the number that says so. */
export const VERSION = '1'

/** About how many changes the log keeps: who is further behind reads the whole list again. */
export const LOG_LENGTH = 10_000

/** The position before the first entry of a log. */
export const BEGINNING = '0-0'

/** The names under which a list of keys is kept; all have one hash tag, so that a cluster keeps them on one node. */
export interface Layout {
  /** A hash: ids to records as JSON. */
  readonly keys: string
  /** A stream: the ids of the keys that changed, and how many keys there were then. */
  readonly changes: string
  /** A hash: `version`, the format's number, and `epoch`, a random name of this list. */
  readonly meta: string
  /** A hash: how keys are used, by ids. */
  readonly usage: string
}

/** Names the parts of a list of keys. */
export function layoutOf (prefix: string): Layout {
  return { keys: `{${prefix}}:keys`, changes: `{${prefix}}:changes`, meta: `{${prefix}}:meta`, usage: `{${prefix}}:usage` }
}

/** What a script takes: names first, as a cluster and access control lists demand, then what it is about. */
export interface Script {
  readonly lua: string
  readonly names: readonly (keyof Layout)[]
}

const refuseOther = (version: string): string =>
  `if ${version} and ${version} ~= '${VERSION}' then return redis.error_reply('VERSION of the format: ' .. ${version}) end`

/** Runs a script. */
export async function evaluate (
  client: Pick<RedisClient, 'eval'>, { lua, names }: Script, layout: Layout, args: string[]
): Promise<unknown> {
  return await client.eval(lua, { keys: names.map(name => layout[name]), arguments: args })
}

/**
 * Reads, at one instant: version, epoch, the log's last position, whether the log still holds the position ARGV[1],
 * how many keys there are, and the records of the ids that follow. Refuses a list that does not go with its log: of
 * which a part was lost, or is not restored yet.
 */
export const READ: Script = {
  names: ['meta', 'changes', 'keys'],
  lua: `
local meta = redis.call('HMGET', KEYS[1], 'version', 'epoch')
${refuseOther('meta[1]')}
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
local size = redis.call('HLEN', KEYS[3])
local logged = false
for i = 1, last and #last[2] or 0, 2 do
  if last[2][i] == 'size' then logged = last[2][i + 1] end
end
if meta[1] and (not last or logged and logged ~= tostring(size)) then
  return redis.error_reply('INCOMPLETE list of keys')
end
local held = #redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1])
local records = {}
if #ARGV > 1 then records = redis.call('HMGET', KEYS[3], unpack(ARGV, 2)) end
return { meta[1], meta[2], last and last[1] or '${BEGINNING}', held, size, records }`
}

/** What {@link READ} returns. */
export type Read = [
  version: string | null, epoch: string | null, last: string, held: number, size: number, records: (string | null)[]
]

// An entry comes before its change: what refuses it, a full memory or a missing right, leaves both undone.
const logOf = (id: string, size: string): string =>
  `'XADD', KEYS[2], 'MAXLEN', '~', ${LOG_LENGTH}, '*', 'id', ${id}, 'size', ${size}`

/**
 * Adds the records of ARGV[2], ARGV[4], … under the ids of ARGV[1], ARGV[3], … where they are free; the last two are
 * version and epoch, for a list that has none yet. Returns the last entry's position, or null, and 1 or 0 for each.
 */
export const ADD: Script = {
  names: ['keys', 'changes', 'meta'],
  lua: `
local version = redis.call('HGET', KEYS[3], 'version')
${refuseOther('version')}
local size = redis.call('HLEN', KEYS[1])
local entry = false
local added = {}
for i = 1, #ARGV - 3, 2 do
  local new = 0
  if not redis.call('HGET', KEYS[1], ARGV[i]) then
    size = size + 1
    entry = redis.call(${logOf('ARGV[i]', 'size')})
    new = redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1])
  end
  added[#added + 1] = new
end
if entry then
  redis.call('HSETNX', KEYS[3], 'version', ARGV[#ARGV - 1])
  redis.call('HSETNX', KEYS[3], 'epoch', ARGV[#ARGV])
end
return { entry, added }`
}

/** Returns the record of the id ARGV[1], or null. */
export const GET: Script = {
  names: ['keys', 'meta'],
  lua: `
local version = redis.call('HGET', KEYS[2], 'version')
${refuseOther('version')}
return redis.call('HGET', KEYS[1], ARGV[1])`
}

/** Puts ARGV[3] in place of the record ARGV[2] of the id ARGV[1]; null if the record is another one by now. */
export const REPLACE: Script = {
  names: ['keys', 'changes'],
  lua: `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return false end
local entry = redis.call(${logOf('ARGV[1]', "redis.call('HLEN', KEYS[1])")})
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return entry`
}

/** Removes the id ARGV[1]; null if there is none. Where the memory is full, Redis lets it be logged after the removal. */
export const REMOVE: Script = {
  names: ['keys', 'changes'],
  lua: `
if not redis.call('HGET', KEYS[1], ARGV[1]) then return false end
local size = redis.call('HLEN', KEYS[1]) - 1
local entry = redis.pcall(${logOf('ARGV[1]', 'size')})
local full = type(entry) == 'table' and entry.err and entry.err:find('OOM', 1, true)
if type(entry) == 'table' and entry.err and not full then return entry end
redis.call('HDEL', KEYS[1], ARGV[1])
if full then return redis.call(${logOf('ARGV[1]', 'size')}) end
return entry`
}

/**
 * Tells whether a position of the log is behind another.
 *
 * @param a - a position, milliseconds and a number: `1700000000000-0`
 */
export function isBefore (a: string, b: string): boolean {
  const [[aTime = 0, aNumber = 0], [bTime = 0, bNumber = 0]] = [a.split('-').map(Number), b.split('-').map(Number)]
  return aTime < bTime || (aTime === bTime && aNumber < bNumber)
}
