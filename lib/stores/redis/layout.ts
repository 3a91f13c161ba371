import type { RedisClient } from './client.ts'

/** The format of what is stored, and the number that says so. */
export const VERSION = '1'

/** How many changes are looked at that came while others were read; where there are more, it is not told who made which. */
const MOST_LATER = 1000

/** The position before the first entry of a log. */
export const BEGINNING = '0-0'

/** The names under which a list of keys is kept; all have one hash tag, so that a cluster keeps them on one node. */
export interface Layout {
  /** A hash: ids to records as JSON. */
  readonly keys: string
  /** A stream: the ids of the keys that changed, who changed them, and how many keys there were then. */
  readonly changes: string
  /** A hash: `version`, the format's number, and `epoch`, a random name of this list. */
  readonly meta: string
  /** A stream: what was done to keys and by whom, for people; nothing depends on it. */
  readonly history: string
  /** A hash: how keys are used, by ids. */
  readonly usage: string
}

/** Names the parts of a list of keys. */
export function layoutOf (prefix: string): Layout {
  return {
    keys: `{${prefix}}:keys`,
    changes: `{${prefix}}:changes`,
    meta: `{${prefix}}:meta`,
    history: `{${prefix}}:history`,
    usage: `{${prefix}}:usage`
  }
}

/** What a script takes: names first, as a cluster and access control lists demand, then what it is about. */
export interface Script {
  readonly lua: string
  readonly names: readonly (keyof Layout)[]
}

/** Refuses, in a script, a list of another format. */
export const refuseOther = (version: string): string =>
  `if ${version} and ${version} ~= '${VERSION}' then return redis.error_reply('VERSION of the format: ' .. ${version}) end`

/** Runs a script. */
export async function evaluate (
  client: Pick<RedisClient, 'eval'>, { lua, names }: Script, layout: Layout, args: string[]
): Promise<unknown> {
  return await client.eval(lua, { keys: names.map(name => layout[name]), arguments: args })
}

/**
 * Reads, at one instant: version, epoch, the log's last position, whether the log still holds the position ARGV[1],
 * how many keys there are, the records of the ids from ARGV[3] on, and which of these were changed after the position
 * ARGV[2], by whom: the records have these changes. Refuses a list that does not go with its log: of
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
local later = {}
if #ARGV > 2 then
  records = redis.call('HMGET', KEYS[3], unpack(ARGV, 3))
  local entries = redis.call('XRANGE', KEYS[2], '(' .. ARGV[2], '+', 'COUNT', ${MOST_LATER})
  local asked = {}
  for i = 3, #ARGV do
    asked[ARGV[i]] = true
    if #entries == ${MOST_LATER} then later[#later + 1] = { ARGV[i], '' } end
  end
  for _, entry in ipairs(#later == 0 and entries or {}) do
    local change = { '', '' }
    for i = 1, #entry[2], 2 do
      if entry[2][i] == 'id' then change[1] = entry[2][i + 1] end
      if entry[2][i] == 'actor' then change[2] = entry[2][i + 1] end
    end
    if asked[change[1]] then later[#later + 1] = change end
  end
end
return { meta[1], meta[2], last and last[1] or '${BEGINNING}', held, size, records, later }`
}

/** What {@link READ} returns. */
export type Read = [
  version: string | null, epoch: string | null, last: string, held: number, size: number, records: (string | null)[],
  later: [id: string, actor: string][]
]

/**
 * Tells whether a position of the log is behind another.
 *
 * @param a - a position, milliseconds and a number: `1700000000000-0`
 */
export function isBefore (a: string, b: string): boolean {
  const [[aTime = 0, aNumber = 0], [bTime = 0, bNumber = 0]] = [a.split('-').map(Number), b.split('-').map(Number)]
  return aTime < bTime || (aTime === bTime && aNumber < bNumber)
}
