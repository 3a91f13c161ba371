import type { Entry } from '../finding.ts'

/** What is odd about the environment and `.env`. */
export const READING_TEXTS = {
  dotenv_comment: {
    severity: 'error',
    en: {
      message: 'The value of {name} ends at the "#" on line {line} of .env: the rest is taken for a comment.',
      fix: 'Put it in quotes: {name}="…"'
    },
    zh: { message: '.env 第 {line} 行，{name} 的值在 "#" 处被截断：其后的内容被当作注释。', fix: '给值加上引号：{name}="…"' }
  },
  dotenv_rest: {
    severity: 'error',
    en: { message: 'The value of {name} ends at the second quote on line {line} of .env: what stands behind it is dropped.', fix: 'Put one pair of quotes around all of it, or none: {name}=…,…' },
    zh: { message: '.env 第 {line} 行，{name} 的值在第二个引号处结束：其后的内容被丢弃。', fix: '整个值只用一对引号，或不用引号：{name}=…,…' }
  },
  dotenv_no_file: {
    severity: 'error',
    en: { message: '.env is a folder, a pipe or a link to nothing: it counts as absent.', fix: 'Remove it, and put a file in its place. Docker makes a folder of a file that it was to mount and did not find.' },
    zh: { message: '.env 是目录、管道或失效的链接，视为不存在。', fix: '删除它，换成一个普通文件。Docker 挂载的文件不存在时会建出同名目录。' }
  },
  dotenv_elsewhere: {
    severity: 'error',
    en: { message: 'There is no .env here that sets {name}, but the one in {above} does: it is not read.', fix: 'Start the server in that folder, or copy the line into a .env here: the working directory is {folder}.' },
    zh: { message: '这里没有设置 {name} 的 .env，{above} 中的 .env 里有，但不会被读取。', fix: '请在那个目录启动服务，或把那一行复制到这里的 .env：当前工作目录是 {folder}。' }
  },
  dotenv_unread: {
    severity: 'error',
    en: { message: '{name} is set in {file}, which nobody reads, and nowhere else.', fix: 'Move the line to .env, or start the server with: node --env-file={file}' },
    zh: { message: '{name} 只在 {file} 中设置，但没有程序读取这个文件。', fix: '把那一行移到 .env，或用 node --env-file={file} 启动服务。' }
  },
  dotenv_off: {
    severity: 'warning',
    en: { message: 'Line {line} of .env would set {name}, and is a comment: no keys are configured.', fix: 'Remove the "#" before {name}=… on line {line}, if keys are to be asked for.' },
    zh: { message: '.env 第 {line} 行本可设置 {name}，但它是注释：没有配置任何密钥。', fix: '如需校验密钥，请删除第 {line} 行 {name}=… 前的 "#"。' }
  },
  dotenv_mark: {
    severity: 'warning',
    en: { message: '.env begins with a byte order mark: it is dropped here, and other programs take it for a part of the first name.', fix: 'Save .env as UTF-8 without a mark (BOM).' },
    zh: { message: '.env 开头有字节顺序标记（BOM）：这里会忽略它，其他程序却会把它当作第一个变量名的一部分。', fix: '请把 .env 保存为不带 BOM 的 UTF-8。' }
  },
  dotenv_twice: {
    severity: 'warning',
    en: { message: '.env sets {name} more than once: line {line} counts.', fix: 'Keep one of the lines.' },
    zh: { message: '.env 多次设置 {name}：以第 {line} 行为准。', fix: '只保留其中一行。' }
  },
  blank_in_environment: {
    severity: 'warning',
    en: { message: '{name} is blank in the environment, which counts as unset: the one of .env is read.', fix: 'To turn authentication off, set API_AUTH=off. Else unset {name} in the environment.' },
    zh: { message: '环境变量 {name} 为空，等于没有设置：读取的是 .env 中的值。', fix: '要关闭鉴权，请设置 API_AUTH=off；否则请从环境变量中删除 {name}。' }
  },
  differs_in_environment: {
    severity: 'warning',
    en: { message: '{name} has one value in the environment and another in .env: the environment wins, and a change of .env does nothing.', fix: 'Unset {name} in the environment, or remove it from .env.' },
    zh: { message: '{name} 在环境变量和 .env 中的值不同：以环境变量为准，修改 .env 不起作用。', fix: '从环境变量中删除 {name}，或从 .env 中删除它。' }
  },
  value_quoted: {
    severity: 'error',
    en: { message: 'The value of {name} is in quotes, which are a part of it: Docker\'s --env-file keeps them, as do other programs.', fix: 'Write {name}=… without quotes.' },
    zh: { message: '{name} 的值带有引号，引号成了值的一部分：Docker 的 --env-file 等会原样保留引号。', fix: '去掉引号，写成 {name}=…' }
  },
  value_half_quoted: {
    severity: 'error',
    en: { message: 'The value of {name} has a quote at one end alone, which is a part of it.', fix: 'Write {name}=… without quotes, or with one at both ends.' },
    zh: { message: '{name} 的值只有一端有引号，引号成了值的一部分。', fix: '写成 {name}=…，去掉引号，或在两端都加上引号。' }
  },
  value_unfilled: {
    severity: 'error',
    en: { message: 'The value of {name} holds what a shell or a template would fill in (~, $NAME, %NAME%), and nothing has.', fix: 'Write {name}=… in full.' },
    zh: { message: '{name} 的值中有应由 shell 或模板替换的内容（~、$NAME、%NAME%），但没有被替换。', fix: '请写出完整的值：{name}=…' }
  },
  value_blank: {
    severity: 'error',
    en: { message: '{name} is set to nothing, which counts as unset: no keys are configured.', fix: 'Put a key behind {name}=, and see whether what was to fill it in was set.' },
    zh: { message: '{name} 的值为空，等于没有设置：没有配置任何密钥。', fix: '请在 {name}= 后填入密钥，并检查用来给它赋值的变量是否已设置。' }
  },
  keys_semicolons: {
    severity: 'error',
    en: { message: 'API_KEYS has ";" in it and no comma: it is one key.', fix: 'Write API_KEYS=…,… with commas between the keys.' },
    zh: { message: 'API_KEYS 中只有 ";" 没有逗号：整个值被当作一个密钥。', fix: '写成 API_KEYS=…,…，密钥之间用英文逗号分隔。' }
  },
  near_name: {
    severity: 'error',
    en: { message: '{name} is set, which nobody reads, and {meant} is not.', fix: 'Write {meant}=… in place of {name}=…' },
    zh: { message: '设置了 {name}，但没有程序读取它；{meant} 却没有设置。', fix: '把 {name}=… 改为 {meant}=…' }
  },
  node_env_near: {
    severity: 'warning',
    en: { message: 'NODE_ENV is not production, but looks as if it was meant to be: weak keys, and no keys, start all the same.', fix: 'Set NODE_ENV=production.' },
    zh: { message: 'NODE_ENV 不是 production，但看来本意如此：弱密钥或没有密钥时服务仍会启动。', fix: '请设置 NODE_ENV=production。' }
  },
  starts_open: {
    severity: 'warning',
    en: { message: 'A server started here lets everybody in: no API keys are configured.', fix: 'Set API_KEYS, API_KEYS_FILE or API_KEYS_REDIS_URL; "dbgpt-auth create --name NAME --store keys.json" makes a file.' },
    zh: { message: '在这里启动的服务对所有人开放：没有配置任何密钥。', fix: '请设置 API_KEYS、API_KEYS_FILE 或 API_KEYS_REDIS_URL；"dbgpt-auth create --name NAME --store keys.json" 可以生成密钥文件。' }
  },
  switched_off: {
    severity: 'warning',
    en: { message: 'A server started here lets everybody in: API_AUTH is off.', fix: 'Remove API_AUTH, or set API_AUTH=on.' },
    zh: { message: '在这里启动的服务对所有人开放：API_AUTH 为 off。', fix: '请删除 API_AUTH，或设置 API_AUTH=on。' }
  }
} as const satisfies Record<string, Entry>
