import type { Entry } from '../finding.ts'

/** What can be said of a key. */
export const KEY_TEXTS = {
  key_not_given: {
    severity: 'error',
    en: { message: 'The server asks for a key, and none was given here', fix: 'export DBGPT_API_KEY=<key>, or pipe it in with --stdin' },
    zh: { message: '服务器要求密钥，但此处未提供', fix: '执行 export DBGPT_API_KEY=<密钥>，或用 --stdin 从标准输入传入' }
  },
  key_unknown: {
    severity: 'error',
    en: { message: 'The server does not know the key: it was never in its list, or has been revoked; from outside these look alike', fix: 'Compare with dbgpt-auth list on the server (DB-GPT: api_keys of its TOML file), restart it if API_KEYS or api_keys was changed, or ask for a new key' },
    zh: { message: '服务器不认识该密钥：从未列入，或已被吊销；从外部无法区分', fix: '在服务器上用 dbgpt-auth list 核对（DB-GPT 则看其 TOML 文件的 api_keys）；若改过 API_KEYS 或 api_keys，请重启服务；或索取新密钥' }
  },
  key_unknown_other: {
    severity: 'error',
    en: { message: '{server} refuses the key', fix: 'Give a key that was made for this {server}' },
    zh: { message: '{server} 拒绝该密钥', fix: '请使用为该 {server} 创建的密钥' }
  },
  key_mistyped: {
    severity: 'error',
    en: { message: 'The key is mistyped or cut: its checksum is wrong', fix: 'Copy it again, all 52 characters from dbgpt_ to the end' },
    zh: { message: '密钥有误或不完整：校验和不符', fix: '请重新复制密钥，从 dbgpt_ 开始共 52 个字符' }
  },
  key_expired: {
    severity: 'error',
    en: { message: 'The key has expired', fix: 'dbgpt-auth rotate ID or create on the server, and give out the new key' },
    zh: { message: '密钥已过期', fix: '在服务器上执行 dbgpt-auth rotate ID 或 create，并发放新密钥' }
  },
  key_malformed: {
    severity: 'error',
    en: { message: 'The server says that the key is malformed', fix: 'Set the variable to the key alone, without blanks and quotes' },
    zh: { message: '服务器认为密钥格式不正确', fix: '请将变量设为密钥本身，不含空格和引号' }
  },
  key_too_long: {
    severity: 'error',
    en: { message: 'The key is longer than the 512 characters that a key may have', fix: 'Set the variable to one key; a token of another kind is no API key' },
    zh: { message: '密钥超过 512 个字符的上限', fix: '请将变量设为单个密钥；其他类型的令牌不是 API 密钥' }
  },
  key_scope: {
    severity: 'error',
    en: { message: 'The key is good but lacks a scope. Asked for: {scopes}', fix: 'dbgpt-auth scopes ID --scopes "{scopes}" on the server, or use another key' },
    zh: { message: '密钥有效，但缺少权限范围（scope）。要求：{scopes}', fix: '在服务器上执行 dbgpt-auth scopes ID --scopes "{scopes}"，或换用其他密钥' }
  },
  key_forbidden: {
    severity: 'error',
    en: { message: 'The server refuses the key with 403: it may know the key and not let it do this', fix: 'Ask whoever runs the server for a key with this right' },
    zh: { message: '服务器以 403 拒绝该密钥：可能认识它，但不允许此操作', fix: '请向管理员索取具有相应权限的密钥' }
  },
  key_accepted_otherwise: {
    severity: 'error',
    en: { message: 'The key is good, but the server does not take it as Authorization: Bearer. It takes {how}', fix: 'Set the client\'s header to {how}, or let the server take Authorization: Bearer <key>' },
    zh: { message: '密钥有效，但服务器不接受 Authorization: Bearer，而接受 {how}', fix: '将客户端的请求头设为 {how}，或让服务器接受 Authorization: Bearer <密钥>' }
  },
  key_placeholder: {
    severity: 'error',
    en: { message: 'The key is a placeholder that nobody has replaced', fix: 'Set the variable to a real key: dbgpt-auth create on the server makes one' },
    zh: { message: '密钥只是一个未替换的占位符', fix: '请将变量设为真正的密钥：在服务器上执行 dbgpt-auth create 创建' }
  },
  key_weak: {
    severity: 'warning',
    en: { message: 'The server takes a key that can be guessed', fix: 'Replace it by one of dbgpt-auth generate' },
    zh: { message: '服务器接受了容易被猜到的密钥', fix: '请用 dbgpt-auth generate 生成的密钥替换' }
  },
  key_of_other: {
    severity: 'error',
    en: { message: 'The key looks like one of {owner}, and this is another server', fix: 'Set the variable to a key of this server, and take back the other one if it was not meant to be shown here' },
    zh: { message: '该密钥像是 {owner} 的，而这是另一个服务器', fix: '请将变量设为本服务器的密钥；若误发了其他服务的密钥，请到那个服务吊销它' }
  },
  key_not_for_server: {
    severity: 'error',
    en: { message: 'The key was made by dbgpt-auth, and {server} has answered', fix: 'Correct the URL, or use a key of {server}' },
    zh: { message: '该密钥由 dbgpt-auth 生成，而响应的是 {server}', fix: '请更正 URL，或使用 {server} 的密钥' }
  },
  key_newline: {
    severity: 'error',
    en: { message: 'The variable has a line end in or around the key: clients fail with "Connection error." or "Invalid header"', fix: 'export DBGPT_API_KEY="$(tr -d \'\\r\\n\' < key.txt)"; in YAML drop the "|"' },
    zh: { message: '变量中的密钥带有换行符：客户端会报 “Connection error.” 或 “Invalid header”', fix: '执行 export DBGPT_API_KEY="$(tr -d \'\\r\\n\' < key.txt)"；YAML 中请去掉 “|”' }
  },
  key_blank: {
    severity: 'error',
    en: { message: 'The variable has a blank in or around the key', fix: 'Drop it: DBGPT_API_KEY=<key>, without blanks around = and after the key' },
    zh: { message: '变量中的密钥含有空格', fix: '请去掉空格：DBGPT_API_KEY=<密钥>，等号两边和密钥之后都不能有空格' }
  },
  key_quotes: {
    severity: 'error',
    en: { message: 'The variable has quotes around the key (docker --env-file keeps them, and so does .env in some tools)', fix: 'DBGPT_API_KEY=<key>, without quotes' },
    zh: { message: '变量中的密钥带有引号（docker --env-file 等会保留引号）', fix: '写成 DBGPT_API_KEY=<密钥>，不加引号' }
  },
  key_bearer: {
    severity: 'error',
    en: { message: 'The variable begins with "Bearer", which clients add themselves', fix: 'DBGPT_API_KEY=<key>, without "Bearer "' },
    zh: { message: '变量以 “Bearer” 开头，而客户端会自行添加', fix: '写成 DBGPT_API_KEY=<密钥>，不加 “Bearer ”' }
  },
  key_invisible: {
    severity: 'error',
    en: { message: 'The variable has an invisible character in or around the key (a byte order mark, a zero-width space)', fix: 'Type the beginning and the end anew, or copy the key as plain text' },
    zh: { message: '变量中的密钥含有不可见字符（BOM、零宽空格等）', fix: '请手动重新输入首尾字符，或以纯文本方式复制密钥' }
  },
  key_non_ascii: {
    severity: 'error',
    en: { message: 'The variable has a character that is not ASCII in it, which no key has', fix: 'Copy the key again; full-width letters come from an input method' },
    zh: { message: '变量中含有非 ASCII 字符，密钥不会包含这样的字符', fix: '请重新复制密钥；全角字符来自输入法' }
  },
  key_variable: {
    severity: 'error',
    en: { message: 'The variable\'s value begins with the name of a variable and "="', fix: 'DBGPT_API_KEY=<key>, the name once' },
    zh: { message: '变量的值以变量名和 “=” 开头', fix: '写成 DBGPT_API_KEY=<密钥>，变量名只写一次' }
  },
  key_brackets: {
    severity: 'error',
    en: { message: 'The key is in brackets, as of a list', fix: 'DBGPT_API_KEY=<key>, without brackets' },
    zh: { message: '密钥带有方括号，像是列表', fix: '写成 DBGPT_API_KEY=<密钥>，不加方括号' }
  },
  key_file_name: {
    severity: 'error',
    en: { message: 'The variable holds the name of a file, not a key', fix: 'DBGPT_API_KEY="$(cat /run/secrets/NAME)"' },
    zh: { message: '变量中是文件名，而不是密钥', fix: '写成 DBGPT_API_KEY="$(cat /run/secrets/名称)"' }
  },
  key_hash: {
    severity: 'error',
    en: { message: 'The variable holds a salted hash, from which no key can be had', fix: 'Set it to the key that was shown when it was made; if it is lost, make another one' },
    zh: { message: '变量中是加盐的哈希值，无法由它得到密钥', fix: '请设为创建时显示的密钥；若已丢失，请重新创建' }
  },
  key_digest: {
    severity: 'error',
    en: { message: 'The variable holds the digest of a key, by which a server knows it; a client needs the key itself', fix: 'Set it to the key that was shown when it was made; if it is lost, make another one' },
    zh: { message: '变量中是密钥的摘要（供服务器使用）；客户端需要密钥本身', fix: '请设为创建时显示的密钥；若已丢失，请重新创建' }
  },
  key_json: {
    severity: 'error',
    en: { message: 'The variable holds JSON, not a key', fix: 'Set it to the key alone' },
    zh: { message: '变量中是 JSON，而不是密钥', fix: '请只设为密钥本身' }
  },
  key_dash: {
    severity: 'error',
    en: { message: 'The key has a dash and a blank before it, as of a list in YAML', fix: 'DBGPT_API_KEY=<key>, without the dash' },
    zh: { message: '密钥前有短横和空格，像是 YAML 列表', fix: '写成 DBGPT_API_KEY=<密钥>，去掉短横' }
  },
  key_several: {
    severity: 'error',
    en: { message: 'The variable holds several keys; a client sends one', fix: 'Set it to the one that is yours' },
    zh: { message: '变量中有多个密钥；客户端只能发送一个', fix: '请只保留您自己的那一个' }
  }
} as const satisfies Record<string, Entry>

export type KeyCode = keyof typeof KEY_TEXTS
