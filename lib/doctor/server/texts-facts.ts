import type { Entry } from '../finding.ts'

const fact = (en: string, zh: string) => ({
  severity: 'fact', en: { message: en, fix: '' }, zh: { message: zh, fix: '' }
}) as const satisfies Entry

/** How things are. */
export const FACT_TEXTS = {
  fact_on: fact('A server started here checks API keys: {count} from {source}.', '在这里启动的服务会校验密钥：共 {count} 个，来自 {source}。'),
  fact_open: fact('A server started here lets everybody in.', '在这里启动的服务对所有人开放。'),
  fact_fails: fact('A server started here does not start.', '在这里无法启动服务。'),
  fact_environment: fact('{name} is set in the environment.', '{name} 设置在环境变量中。'),
  fact_dotenv: fact('{name} is set in .env.', '{name} 设置在 .env 中。'),
  fact_folder: fact('.env and relative paths are those of {folder}.', '.env 和相对路径以 {folder} 为准。'),
  fact_production: fact('NODE_ENV is production: no keys and weak keys refuse to start.', 'NODE_ENV 为 production：没有密钥或密钥过弱时拒绝启动。'),
  fact_file: fact('The key file is {file}.', '密钥文件是 {file}。'),
  fact_file_plain: fact(
    'It holds keys as they are, and is changed by hand: "dbgpt-auth import" makes a file of it that holds no key\'s text.',
    '其中保存的是密钥原文，只能手工修改："dbgpt-auth import" 可以把它转换成不含密钥原文的文件。'
  ),
  fact_redis_reads: fact(
    'Its user in Redis may read the keys and not change them, which is all that a server needs.',
    '该 Redis 用户只能读取密钥，不能修改；对服务来说已经足够。'
  )
} as const satisfies Record<string, Entry>
