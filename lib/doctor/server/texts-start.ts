import type { Entry } from '../finding.ts'

const error = (fix: string, zhMessage: string, zhFix: string) => ({
  severity: 'error', en: { message: '{detail}', fix }, zh: { message: `${zhMessage}：{detail}`, fix: zhFix }
}) as const satisfies Entry

/** What keeps a server from starting, by the code of the error. */
export const START_TEXTS = {
  FST_DBGPT_AUTH_ENVIRONMENT: error(
    'Correct the variable or the line of .env that is named.',
    '环境变量或 .env 有误，服务无法启动', '请改正所指出的变量，或 .env 中的那一行。'
  ),
  FST_DBGPT_AUTH_KEY_SOURCES: error(
    'Keep one of them, and unset the others, in the environment and in .env.',
    '设置了多个密钥来源，服务无法启动', '只保留其中一个，其余的从环境变量和 .env 中删除。'
  ),
  FST_DBGPT_AUTH_KEYS_REQUIRED: error(
    'Run "dbgpt-auth create --name NAME --store keys.json" and set API_KEYS_FILE=keys.json.',
    '必须开启鉴权，却没有配置任何密钥', '运行 "dbgpt-auth create --name NAME --store keys.json"，再设置 API_KEYS_FILE=keys.json。'
  ),
  FST_DBGPT_AUTH_KEYS_EMPTY: error(
    'Put a key in it: "dbgpt-auth generate" makes one.',
    '密钥来源已设置，但其中没有密钥', '请填入密钥，"dbgpt-auth generate" 可以生成一个。'
  ),
  FST_DBGPT_AUTH_KEY_INVALID: error(
    'Correct that entry: keys stand between commas, without blanks in them.',
    '有一项不是合法的密钥', '请改正该项：密钥之间用英文逗号分隔，密钥中不能有空格。'
  ),
  FST_DBGPT_AUTH_KEY_MISWRITTEN: error(
    'Write the keys alone, with commas between them.',
    '有密钥写法有误，生产环境拒绝启动', '只写密钥本身，多个密钥之间用英文逗号分隔。'
  ),
  FST_DBGPT_AUTH_KEY_WEAK: error(
    'Put a key of "dbgpt-auth generate" in its place.',
    '有密钥容易被猜到，生产环境拒绝启动', '请换成 "dbgpt-auth generate" 生成的密钥。'
  ),
  FST_DBGPT_AUTH_KEY_FILE_UNREADABLE: error(
    'See to API_KEYS_FILE, and to who may read the file: of its path, {folder} is there.',
    '无法读取密钥文件', '请检查 API_KEYS_FILE 以及文件的读取权限：该路径中已存在的目录是 {folder}。'
  ),
  FST_DBGPT_AUTH_KEY_FILE_INVALID: error(
    'Restore the file, or make a new one with "dbgpt-auth import".',
    '密钥文件的内容无法识别', '请恢复该文件，或用 "dbgpt-auth import" 重新生成。'
  ),
  FST_DBGPT_AUTH_REDIS_CLIENT: error(
    'Run: npm install @redis/client',
    '密钥在 Redis 中，但没有安装 @redis/client', '运行：npm install @redis/client'
  ),
  FST_DBGPT_AUTH_REDIS: error(
    'See to API_KEYS_REDIS_URL and to that Redis; docs/errors.md has all that is said of one.',
    'Redis 无法使用', '请检查 API_KEYS_REDIS_URL 和该 Redis；各种原因见 docs/errors.md。'
  ),
  FST_DBGPT_AUTH_REDIS_EMPTY: error(
    'Run "dbgpt-auth create --name NAME", or restore what was lost; or see whether API_KEYS_REDIS_URL names the right Redis and database.',
    'Redis 中没有密钥列表', '运行 "dbgpt-auth create --name NAME" 创建第一个密钥，或恢复丢失的数据；并检查 API_KEYS_REDIS_URL 的 Redis 和数据库编号是否正确。'
  ),
  FST_DBGPT_AUTH_KEY_STORE_SLOW: error(
    'See why it hangs; a long list needs a longer pluginTimeout.',
    '密钥存储迟迟没有就绪', '请查明它为何没有响应；列表很长时请调大 pluginTimeout。'
  ),
  folder_gone: {
    severity: 'error',
    en: { message: 'The working directory is there no more: .env and relative paths are found nowhere.', fix: 'Run: cd "$PWD" or go to the folder that is there now.' },
    zh: { message: '当前工作目录已不存在：找不到 .env 和相对路径。', fix: '运行 cd "$PWD"，或进入现在存在的目录。' }
  },
  start_failed: error(
    'See docs/errors.md.',
    '服务无法启动', '请查看 docs/errors.md。'
  )
} as const satisfies Record<string, Entry>
