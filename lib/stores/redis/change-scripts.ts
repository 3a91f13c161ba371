import { HISTORY_LENGTH } from '../history.ts'
import { refuseOther, type Script } from './layout.ts'

/** About how many changes the log keeps: who is further behind reads the whole list again. */
const LOG_LENGTH = 10_000

// An entry comes before its change: what refuses it, a full memory or a missing right, leaves both undone.
const logOf = (id: string, size: string, actor: string): string =>
  `'XADD', KEYS[2], 'MAXLEN', '~', ${LOG_LENGTH}, '*', 'id', ${id}, 'size', ${size}, 'actor', ${actor}`

const recordOf = (key: string, actor: string, action: string, keys: string): string =>
  `'XADD', ${key}, 'MAXLEN', '~', ${HISTORY_LENGTH}, '*', 'actor', ${actor}, 'action', '${action}', 'keys', ${keys}`

/** Fails, before anything is changed, where something else is in the place of the history. */
const probe = (key: string): string => `redis.call('XREVRANGE', ${key}, '+', '-', 'COUNT', 1)`

/**
 * Adds the records of ARGV[2], ARGV[5], … under the ids of ARGV[1], ARGV[4], … where they are free; the third of each is
 * what the history has of it. The last three are version and epoch, for a list that has none yet, and who does it. Returns
 * the last entry's position, or null, and 1 or 0 for each.
 */
export const ADD: Script = {
  names: ['keys', 'changes', 'meta', 'history'],
  lua: `
local version = redis.call('HGET', KEYS[3], 'version')
${refuseOther('version')}
${probe('KEYS[4]')}
local size = redis.call('HLEN', KEYS[1])
local entry = false
local added = {}
local names = {}
for i = 1, #ARGV - 5, 3 do
  local new = 0
  if not redis.call('HGET', KEYS[1], ARGV[i]) then
    size = size + 1
    entry = redis.call(${logOf('ARGV[i]', 'size', 'ARGV[#ARGV]')})
    new = redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1])
    names[#names + 1] = ARGV[i + 2]
  end
  added[#added + 1] = new
end
if entry then
  redis.call('HSETNX', KEYS[3], 'version', ARGV[#ARGV - 2])
  redis.call('HSETNX', KEYS[3], 'epoch', ARGV[#ARGV - 1])
  redis.call(${recordOf('KEYS[4]', 'ARGV[#ARGV]', 'add', "'[' .. table.concat(names, ',') .. ']'")})
end
return { entry, added }`
}

/**
 * Fails as a change would, and makes none: a field that is there is not set again, and one that nobody has is removed.
 * In this order: a full memory is told of the first writing command alone. Without a list there is nothing to set.
 */
export const PROBE: Script = {
  names: ['keys', 'meta'],
  lua: `
local version = redis.call('HGET', KEYS[2], 'version')
${refuseOther('version')}
if version then redis.call('HSETNX', KEYS[2], 'version', version) end
redis.call('HDEL', KEYS[1], '')
return version`
}

/** Returns the record of the id ARGV[1], or null. */
export const GET: Script = {
  names: ['keys', 'meta'],
  lua: `
local version = redis.call('HGET', KEYS[2], 'version')
${refuseOther('version')}
return redis.call('HGET', KEYS[1], ARGV[1])`
}

/**
 * Puts ARGV[3] in place of the record ARGV[2] of the id ARGV[1]; null if the record is another one by now. ARGV[4] is who
 * does it, the others what the history has of it: of the key, and of what is changed, which is blank if nothing is.
 */
export const REPLACE: Script = {
  names: ['keys', 'changes', 'history'],
  lua: `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return false end
${probe('KEYS[3]')}
local entry = redis.call(${logOf('ARGV[1]', "redis.call('HLEN', KEYS[1])", 'ARGV[4]')})
if ARGV[6] ~= '' then redis.call(${recordOf('KEYS[3]', 'ARGV[4]', 'update', 'ARGV[5]')}, 'changes', ARGV[6]) end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return entry`
}

/**
 * Removes the id ARGV[1], for ARGV[2]; null if there is none. Where the memory is full, Redis lets it be logged after the
 * removal. Returns the entry's position, and why it is not in the history, if it is not.
 */
export const REMOVE: Script = {
  names: ['keys', 'changes', 'history'],
  lua: `
local json = redis.call('HGET', KEYS[1], ARGV[1])
if not json then return { false, false } end
local size = redis.call('HLEN', KEYS[1]) - 1
local entry = redis.pcall(${logOf('ARGV[1]', 'size', 'ARGV[2]')})
local full = type(entry) == 'table' and entry.err and entry.err:find('OOM', 1, true)
if type(entry) == 'table' and entry.err and not full then return entry end
redis.call('HDEL', KEYS[1], ARGV[1])
if full then entry = redis.call(${logOf('ARGV[1]', 'size', 'ARGV[2]')}) end
if not KEYS[3] then return { entry, 'NOPERM' } end
local names = { id = ARGV[1] }
local isJson, record = pcall(cjson.decode, json)
if isJson and type(record) == 'table' and type(record.name) == 'string' then names.name = record.name end
local recorded = redis.pcall(${recordOf('KEYS[3]', 'ARGV[2]', 'revoke', 'cjson.encode({ names })')})
return { entry, type(recorded) == 'table' and recorded.err or false }`
}

/** As {@link REMOVE}, for a user who has no right to the history. */
export const REMOVE_UNRECORDED: Script = { ...REMOVE, names: ['keys', 'changes'] }

/** Returns entries of the history, the newest first: from ARGV[1] on, ARGV[2] of them; and whether there is a list. */
export const RECALL: Script = {
  names: ['history', 'meta'],
  lua: `
local version = redis.call('HMGET', KEYS[2], 'version')[1]
${refuseOther('version')}
return { redis.call('XREVRANGE', KEYS[1], ARGV[1], '-', 'COUNT', ARGV[2]), version }`
}
