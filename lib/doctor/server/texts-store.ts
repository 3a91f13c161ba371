import type { Entry } from '../finding.ts'

/** What is found of the keys and of where they are. */
export const STORE_TEXTS = {
  keys_weak: {
    severity: 'warning',
    en: { message: '{detail}.', fix: 'Put keys of "dbgpt-auth generate" in their place: production refuses to start with these.' },
    zh: { message: '有密钥容易被猜到：{detail}。', fix: '请换成 "dbgpt-auth generate" 生成的密钥：生产环境会拒绝启动。' }
  },
  keys_miswritten: {
    severity: 'warning',
    en: { message: '{detail}.', fix: 'Write the keys alone, with commas between them: production refuses to start with these.' },
    zh: { message: '有密钥写法可能有误：{detail}。', fix: '只写密钥本身，用英文逗号分隔：生产环境会拒绝启动。' }
  },
  keys_none: {
    severity: 'error',
    en: { message: 'The list of keys is empty: every request is refused.', fix: 'Run "dbgpt-auth create --name NAME".' },
    zh: { message: '密钥列表是空的：所有请求都会被拒绝。', fix: '运行 "dbgpt-auth create --name NAME"。' }
  },
  keys_all_expired: {
    severity: 'error',
    en: { message: 'All keys have expired ({count}): every request is refused.', fix: 'Run "dbgpt-auth create --name NAME", or "dbgpt-auth rotate NAME".' },
    zh: { message: '所有密钥都已过期（{count} 个）：所有请求都会被拒绝。', fix: '运行 "dbgpt-auth create --name NAME" 或 "dbgpt-auth rotate NAME"。' }
  },
  keys_expired: {
    severity: 'warning',
    en: { message: 'Keys have expired ({count}): {keys}.', fix: 'Give their owners new ones with "dbgpt-auth rotate ID", or remove them with "dbgpt-auth revoke ID".' },
    zh: { message: '有 {count} 个密钥已过期：{keys}。', fix: '用 "dbgpt-auth rotate ID" 换新，或用 "dbgpt-auth revoke ID" 删除。' }
  },
  keys_old: {
    severity: 'warning',
    en: { message: 'Keys are older than 90 days ({count}): {keys}.', fix: 'Run "dbgpt-auth rotate ID --grace 7d" for each.' },
    zh: { message: '有 {count} 个密钥已使用超过 90 天：{keys}。', fix: '请逐个运行 "dbgpt-auth rotate ID --grace 7d"。' }
  },
  key_unreadable: {
    severity: 'error',
    en: { message: 'Records of keys in Redis cannot be read ({count}): these keys are answered 503.', fix: 'Run "dbgpt-auth revoke {id}", and make another key.' },
    zh: { message: 'Redis 中有 {count} 个密钥的记录无法读取：使用它们的请求会得到 503。', fix: '运行 "dbgpt-auth revoke {id}"，再创建新的密钥。' }
  },
  key_file_writable: {
    severity: 'warning',
    en: { message: 'Everybody on this machine can change the key file {file}.', fix: 'Run: chmod o-rwx {file}' },
    zh: { message: '这台机器上的任何人都能修改密钥文件 {file}。', fix: '运行：chmod o-rwx {file}' }
  },
  key_file_readable: {
    severity: 'warning',
    en: { message: 'Everybody on this machine can read the key file {file}.', fix: 'Run: chmod o-rwx {file}' },
    zh: { message: '这台机器上的任何人都能读取密钥文件 {file}。', fix: '运行：chmod o-rwx {file}' }
  },
  key_file_mounted: {
    severity: 'warning',
    en: { message: '{detail}.', fix: 'Mount the folder that the key file is in, and not the file.' },
    zh: { message: '密钥文件是单独挂载的，在外部替换它时，服务看不到新文件：{detail}。', fix: '请挂载密钥文件所在的目录，而不是文件本身。' }
  },
  key_file_lock: {
    severity: 'warning',
    en: { message: 'A lock was left beside the key file, by a process that is gone: {file}', fix: 'Nothing need be done: the next change removes it. Or delete it.' },
    zh: { message: '密钥文件旁留有一个锁，留下它的进程已经不在：{file}', fix: '无需处理，下一次修改会清除它；也可以直接删除。' }
  },
  key_file_locked: {
    severity: 'warning',
    en: { message: '{detail}.', fix: 'Delete it: keys cannot be changed while it is there.' },
    zh: { message: '密钥文件无法加锁：{detail}。', fix: '请删除它，否则无法修改密钥。' }
  },
  history_unwritable: {
    severity: 'warning',
    en: { message: 'The history {file} cannot be written: {detail}. Keys can be revoked, and not be added or changed.', fix: 'Give this user the right to write to it, or move it away if it is no file.' },
    zh: { message: '变更记录 {file} 无法写入：{detail}。此时只能吊销密钥，不能添加或修改。', fix: '给当前用户写入权限；若它不是普通文件，请移走。' }
  },
  usage_unwritable: {
    severity: 'warning',
    en: { message: 'API_KEYS_USAGE is on, and usage cannot be kept: {detail}.', fix: 'Give this user the right to write to the folder of the key file, or leave API_KEYS_USAGE unset.' },
    zh: { message: 'API_KEYS_USAGE 已开启，但无法记录使用情况：{detail}。', fix: '给当前用户写入密钥文件所在目录的权限，或删除 API_KEYS_USAGE。' }
  },
  redis_unchangeable: {
    severity: 'warning',
    en: { message: 'Keys can be read and not be changed. {detail}.', fix: 'See to that Redis, or name its master in API_KEYS_REDIS_URL.' },
    zh: { message: '密钥可以读取，但不能修改。{detail}。', fix: '请检查该 Redis，或在 API_KEYS_REDIS_URL 中填写主节点。' }
  },
  local_good: {
    severity: 'error',
    en: { message: 'The key is good in the store that is named here: that server reads another one, or has not read it since.', fix: 'Compare API_KEYS, API_KEYS_FILE or API_KEYS_REDIS_URL there and here; a change of API_KEYS takes a restart.' },
    zh: { message: '在本机配置的密钥存储中，这个密钥是有效的：那台服务器读取的是别处，或之后没有重新读取。', fix: '请比较两边的 API_KEYS、API_KEYS_FILE 或 API_KEYS_REDIS_URL；修改 API_KEYS 后需要重启。' }
  },
  local_expired: {
    severity: 'error',
    en: { message: 'The key {id} in the store that is named here has expired, at {at}.', fix: 'Run: dbgpt-auth rotate {id}' },
    zh: { message: '在本机配置的密钥存储中，密钥 {id} 已于 {at} 过期。', fix: '运行：dbgpt-auth rotate {id}' }
  },
  local_revoked: {
    severity: 'error',
    en: { message: 'The key {id} was revoked at {at} by {actor}, says the history of the store that is named here.', fix: 'Give its owner another one: dbgpt-auth create --name NAME' },
    zh: { message: '本机配置的密钥存储的变更记录显示，密钥 {id} 已于 {at} 被 {actor} 吊销。', fix: '请给它的使用者一个新密钥：dbgpt-auth create --name NAME' }
  }
} as const satisfies Record<string, Entry>
