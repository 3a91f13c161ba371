import type { Entry } from '../finding.ts'

/** What can be said of answers that are none of the API. */
export const ANSWER_TEXTS = {
  answer_truncated: {
    severity: 'error',
    en: { message: 'The answer ends before it is whole', fix: 'See the logs of server and proxies: one of them ends the connection' },
    zh: { message: '响应不完整就结束了', fix: '请查看服务和代理的日志：其中之一提前断开了连接' }
  },
  answer_endless: {
    severity: 'error',
    en: { message: 'The answer begins and then never ends', fix: 'See whether the server hangs; a proxy must not wait for more than there is (Content-Length)' },
    zh: { message: '响应开始后一直没有结束', fix: '请检查服务是否卡住；代理不应等待超出实际长度的内容（Content-Length）' }
  },
  answer_empty: {
    severity: 'warning',
    en: { message: 'The answer to a good key is empty', fix: 'Check that the URL is one of the API' },
    zh: { message: '使用有效密钥得到的响应为空', fix: '请确认该 URL 属于 API' }
  },
  redirect_to_https: {
    severity: 'error',
    en: { message: 'The server sends on from http to https, to {target}, and clients drop the key on the way', fix: 'Begin the URL with {target}' },
    zh: { message: '服务器从 http 重定向到 https（{target}），客户端在途中会丢弃密钥', fix: '请将 URL 改为以 {target} 开头' }
  },
  redirect_to_http: {
    severity: 'error',
    en: { message: 'The server sends on from https to http, to {target}: the key would go in clear text', fix: 'Let the proxy say X-Forwarded-Proto: https and the server believe it (uvicorn --proxy-headers, Fastify trustProxy); write the URL as the server wants it, slash at the end included' },
    zh: { message: '服务器从 https 重定向到 http（{target}）：密钥将以明文传输', fix: '让代理发送 X-Forwarded-Proto: https 并让服务信任它（uvicorn --proxy-headers，Fastify trustProxy）；按服务器要求书写 URL（包括末尾斜杠）' }
  },
  redirect_other_host: {
    severity: 'error',
    en: { message: 'The server sends on to another origin, {target}, where clients send no key', fix: 'Begin the URL with {target}, if that is the API' },
    zh: { message: '服务器重定向到另一个源 {target}，客户端不会向其发送密钥', fix: '若那才是 API，请将 URL 改为以 {target} 开头' }
  },
  redirect_wrong_location: {
    severity: 'error',
    en: { message: 'For a slash too many or too few the server sends on to {target}, a name by which it cannot be reached from here', fix: 'proxy_set_header Host $http_host; (nginx), or write the URL with the slash that the server wants' },
    zh: { message: '由于末尾斜杠，服务器重定向到 {target}，而从此处不应使用该地址', fix: 'nginx：proxy_set_header Host $http_host;，或按服务器要求书写末尾斜杠' }
  },
  redirect_loop: {
    severity: 'error',
    en: { message: 'The server sends on in a circle, or too often', fix: 'Correct the redirects of server and proxy; behind TLS, let the server know of it (X-Forwarded-Proto)' },
    zh: { message: '服务器的重定向形成循环或次数过多', fix: '请更正服务和代理的重定向；在 TLS 之后请告知服务（X-Forwarded-Proto）' }
  },
  login_page: {
    severity: 'error',
    en: { message: 'A login for people answers in place of the API ({system})', fix: 'Let programs past it: leave the API\'s path out of the login (oauth2-proxy: skip_auth_routes, Authelia: bypass, nginx: a location without auth_request), for its key guards it' },
    zh: { message: '响应的是登录页，而不是 API（{system}）', fix: '让程序绕过登录：将 API 路径排除在登录之外（oauth2-proxy：skip_auth_routes，Authelia：bypass，nginx：不带 auth_request 的 location），由密钥保护' }
  },
  gateway_login: {
    severity: 'error',
    en: { message: 'This is the login page of dbgpt-gateway, which is for people', fix: 'Give the URL of the gateway without /login: programs send Authorization: Bearer <key>' },
    zh: { message: '这是 dbgpt-gateway 的登录页，供人使用', fix: '请使用不带 /login 的网关 URL：程序发送 Authorization: Bearer <密钥>' }
  },
  server_other: {
    severity: 'error',
    en: { message: 'This is {server}, and not the API that was meant', fix: 'Correct host, port or path of the URL' },
    zh: { message: '此处是 {server}，而不是要访问的 API', fix: '请更正 URL 中的主机、端口或路径' }
  },
  answer_unexpected: {
    severity: 'error',
    en: { message: 'The server answers {status}, whether asked with a key or without, which says nothing of the key', fix: 'Check that the URL is one of the API; the log of the server says why it answers so' },
    zh: { message: '无论是否带密钥，服务器都返回 {status}，由此无法判断密钥', fix: '请确认该 URL 属于 API；原因见服务器日志' }
  },
  answers_nothing: {
    severity: 'error',
    en: { message: 'Everything is answered with nothing ({status}, empty), key or not: so does a proxy that has no site of this host name', fix: 'Give the URL by the host name that the proxy has a site for, or the port of the API itself' },
    zh: { message: '无论是否带密钥，响应都是空的（{status}）：代理中没有该主机名的站点时即如此', fix: '请使用代理中已配置站点的主机名，或直接使用 API 的端口' }
  },
  not_api: {
    severity: 'error',
    en: { message: 'Pages of a web site answer here, and no API', fix: 'Give the URL of the API: another port, or a path such as /v1 or /api' },
    zh: { message: '此处响应的是网页，而不是 API', fix: '请给出 API 的 URL：其他端口，或 /v1、/api 等路径' }
  },
  path_wrong: {
    severity: 'error',
    en: { message: 'There is nothing at {path}', fix: 'Correct the path; clients of OpenAI\'s take the base URL up to /v1' },
    zh: { message: '{path} 处没有任何内容', fix: '请更正路径；OpenAI 客户端的 base URL 写到 /v1 为止' }
  },
  path_version_twice: {
    severity: 'error',
    en: { message: 'The path has /v1 twice: there is something at {path}', fix: 'Set the base URL to what stands before the second /v1' },
    zh: { message: '路径中 /v1 出现了两次：正确的路径是 {path}', fix: '请将 base URL 设为第二个 /v1 之前的部分' }
  },
  path_version_missing: {
    severity: 'error',
    en: { message: 'The path lacks /v1: there is something at {path}', fix: 'Set the base URL to end with /v1' },
    zh: { message: '路径缺少 /v1：正确的路径是 {path}', fix: '请让 base URL 以 /v1 结尾' }
  },
  rate_limited: {
    severity: 'error',
    en: { message: 'Too many requests were sent, or keys refused, from here (429; again in {seconds} s)', fix: 'Wait, and correct what asks with a wrong key; behind a proxy, let the server know its clients apart (TRUST_PROXY)' },
    zh: { message: '来自此处的请求过多，或无效密钥过多（429；{seconds} 秒后重试）', fix: '请等待，并更正使用错误密钥的程序；在代理之后请让服务区分客户端（TRUST_PROXY）' }
  },
  store_unavailable: {
    severity: 'error',
    en: { message: 'The server cannot check keys just now: its key store fails', fix: 'See its log (API key rejected, err), then its key file or Redis: redis-cli -u "$API_KEYS_REDIS_URL" ping' },
    zh: { message: '服务器暂时无法验证密钥：密钥存储出错', fix: '请查看其日志（API key rejected, err），再检查密钥文件或 Redis：redis-cli -u "$API_KEYS_REDIS_URL" ping' }
  },
  starting: {
    severity: 'error',
    en: { message: 'The server is starting', fix: 'Try again in a moment' },
    zh: { message: '服务器正在启动', fix: '请稍后重试' }
  },
  closing: {
    severity: 'error',
    en: { message: 'The server is about to end', fix: 'Try again in a moment; if that does not help, start it' },
    zh: { message: '服务器正在关闭', fix: '请稍后重试；如仍无响应，请启动服务' }
  },
  unavailable: {
    severity: 'error',
    en: { message: 'The server answers 503: it is not available just now', fix: 'See its log' },
    zh: { message: '服务器返回 503：暂时不可用', fix: '请查看其日志' }
  },
  server_error: {
    severity: 'error',
    en: { message: 'The server fails ({status})', fix: 'See its log' },
    zh: { message: '服务器出错（{status}）', fix: '请查看其日志' }
  },
  gateway_upstream: {
    severity: 'error',
    en: { message: 'The gateway works, and DB-GPT behind it does not ({status})', fix: 'Start DB-GPT, or correct DBGPT_URL of the gateway' },
    zh: { message: '网关正常，但其后的 DB-GPT 不可用（{status}）', fix: '请启动 DB-GPT，或更正网关的 DBGPT_URL' }
  },
  gateway_upstream_key: {
    severity: 'error',
    en: { message: 'The gateway works, but DB-GPT behind it does not take its key', fix: 'Set DBGPT_API_KEY of the gateway to one of DB-GPT\'s own api_keys' },
    zh: { message: '网关正常，但其后的 DB-GPT 不接受其密钥', fix: '请将网关的 DBGPT_API_KEY 设为 DB-GPT 自身的 api_keys 之一' }
  }
} as const satisfies Record<string, Entry>

export type AnswerCode = keyof typeof ANSWER_TEXTS
