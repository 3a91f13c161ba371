import type { Entry } from '../finding.ts'

/** What can be said of a key beyond its text: where it stands, what it may be, and whether it has got there. */
export const REFUSAL_TEXTS = {
  key_header: {
    severity: 'error',
    en: { message: 'The variable has the name of a header or a scheme before the key', fix: 'DBGPT_API_KEY=<key>, the key alone' },
    zh: { message: '变量中密钥之前带有请求头名称或认证方案', fix: '写成 DBGPT_API_KEY=<密钥>，只保留密钥本身' }
  },
  key_comment: {
    severity: 'error',
    en: { message: 'The variable has a comment after the key (docker --env-file takes it for a part of the value)', fix: 'DBGPT_API_KEY=<key>, with the comment on a line of its own' },
    zh: { message: '变量中密钥之后带有注释（docker --env-file 会把它当作值的一部分）', fix: '写成 DBGPT_API_KEY=<密钥>，注释另起一行' }
  },
  key_id: {
    severity: 'error',
    en: { message: 'The server does not know the key. It looks like the id of one (16 hex digits), by which dbgpt-auth list names it', fix: 'Set the variable to the key that was shown when it was made; if it is lost: dbgpt-auth rotate ID' },
    zh: { message: '服务器不认识该密钥。它像是密钥的 id（16 位十六进制，见 dbgpt-auth list）', fix: '请设为创建时显示的密钥；若已丢失：dbgpt-auth rotate ID' }
  },
  key_unknown_hex: {
    severity: 'error',
    en: { message: 'The server does not know the key: it was never in its list, has been revoked, or is the digest of a key (64 hex digits) in place of the key', fix: 'Compare with dbgpt-auth list on the server; set the variable to the key that was shown when it was made' },
    zh: { message: '服务器不认识该密钥：从未列入、已被吊销，或误将密钥的摘要（64 位十六进制）当作密钥', fix: '在服务器上用 dbgpt-auth list 核对；请设为创建时显示的密钥' }
  },
  key_unknown_or_dropped: {
    severity: 'error',
    en: { message: 'The server does not know the key (never in its list, or revoked), or a proxy before it drops Authorization: it answers as it does to no key at all', fix: 'Compare with the keys of the server; if it is one of them, nginx: proxy_set_header Authorization $http_authorization;' },
    zh: { message: '服务器不认识该密钥（从未列入或已被吊销），或前面的代理丢弃了 Authorization：响应与未发送密钥时相同', fix: '请与服务器的密钥核对；若密钥无误，nginx：proxy_set_header Authorization $http_authorization;' }
  },
  key_in_url: {
    severity: 'error',
    en: { message: 'The server asks for a key, and one stands in the URL, where it does not look; URLs get into logs', fix: 'Take it out of the URL, and export DBGPT_API_KEY=<key>: clients send Authorization: Bearer <key>' },
    zh: { message: '服务器要求密钥，而密钥写在了 URL 中：服务器不读取那里，且 URL 会进入日志', fix: '请从 URL 中去掉，并执行 export DBGPT_API_KEY=<密钥>：客户端发送 Authorization: Bearer <密钥>' }
  },
  asks_password: {
    severity: 'error',
    en: { message: 'The server asks for a user and a password (Basic), and for no key', fix: 'Check that the URL is the one of the API; a key is asked for by WWW-Authenticate: Bearer' },
    zh: { message: '服务器要求用户名和密码（Basic），而不是密钥', fix: '请确认该 URL 属于 API；要求密钥的服务返回 WWW-Authenticate: Bearer' }
  },
  forbidden_alike: {
    severity: 'error',
    en: { message: 'The server answers 403 with the key as without: it does not know the key, or lets nobody in from here (by address, host name or client)', fix: 'Ask whoever runs the server for its rules, and compare the key with its list' },
    zh: { message: '无论是否带密钥，服务器都返回 403：它不认识该密钥，或不允许从此处访问（按地址、主机名或客户端）', fix: '请向管理员了解访问规则，并核对密钥' }
  },
  quota_used_up: {
    severity: 'error',
    en: { message: 'The server knows the key and says that its quota or budget is used up', fix: 'Raise the budget where the key was made, or pay for more' },
    zh: { message: '服务器认识该密钥，但其额度或预算已用尽', fix: '请在创建该密钥的地方提高额度或充值' }
  }
} as const satisfies Record<string, Entry>

export type RefusalCode = keyof typeof REFUSAL_TEXTS
