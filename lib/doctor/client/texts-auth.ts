import type { Entry } from '../finding.ts'

/** What can be said of a server and who it lets in. */
export const AUTH_TEXTS = {
  auth_off: {
    severity: 'error',
    en: { message: 'The server asks nobody for a key, neither here nor at the other paths that were tried', fix: 'API_KEYS=<key> (and API_AUTH=on) in the server\'s environment, then restart it; if a part of it alone is guarded, give a URL of that part' },
    zh: { message: '服务器对所有人开放：此处和其他尝试过的路径都不要求密钥', fix: '在服务器环境中设置 API_KEYS=<密钥>（以及 API_AUTH=on），然后重启；若只保护了其中一部分，请给出那部分的 URL' }
  },
  auth_off_other: {
    severity: 'error',
    en: { message: 'The server, {server}, lets everybody in: it asks for no key', fix: '{line}' },
    zh: { message: '该服务器（{server}）对所有人开放：不要求密钥', fix: '{line}' }
  },
  ollama_open: {
    severity: 'error',
    en: { message: 'This is an Ollama, which asks nobody for a key', fix: 'Let it listen on 127.0.0.1 alone (OLLAMA_HOST=127.0.0.1) and put a server that checks keys in front' },
    zh: { message: '这是 Ollama，它不向任何人要求密钥', fix: '让它只监听 127.0.0.1（OLLAMA_HOST=127.0.0.1），并在前面加一个检查密钥的服务' }
  },
  dbgpt_open: {
    severity: 'error',
    en: { message: 'This is a DB-GPT, and it lets everybody in', fix: 'Put dbgpt-gateway in front of it and let it listen on 127.0.0.1, or set api_keys = ["<key>"] below [system] (its pages then fail, and /api/v1 stays open)' },
    zh: { message: '这是 DB-GPT，且对所有人开放', fix: '在前面部署 dbgpt-gateway 并让它只监听 127.0.0.1，或在 [system] 下设置 api_keys = ["<密钥>"]（此后其页面会报错，且 /api/v1 仍然开放）' }
  },
  dbgpt_keys_on: {
    severity: 'error',
    en: { message: 'The 401 is of DB-GPT itself, whose own api_keys are on, and no key was sent; its pages never send one', fix: 'For programs: export DBGPT_API_KEY=<key>. For people: dbgpt-gateway. On a laptop: api_keys = [] below [system]. Steps: docs/dbgpt-401.md' },
    zh: { message: '该 401 来自 DB-GPT 本身：已启用 api_keys，而请求未带密钥；其页面从不发送密钥', fix: '给程序用：export DBGPT_API_KEY=<密钥>。给人用：dbgpt-gateway。只在自己电脑上用：[system] 下写 api_keys = []。步骤见 docs/zh-CN/dbgpt-401.md' }
  },
  dbgpt_v1_open: {
    severity: 'error',
    en: { message: 'This DB-GPT asks for a key, yet everything below /api/v1 is open without one', fix: 'Put dbgpt-gateway in front of it, and let DB-GPT listen on 127.0.0.1 ([service.web] host = "127.0.0.1")' },
    zh: { message: '该 DB-GPT 要求密钥，但 /api/v1 下的所有接口无需密钥即可访问', fix: '在前面部署 dbgpt-gateway，并让 DB-GPT 只监听 127.0.0.1（[service.web] host = "127.0.0.1"）' }
  },
  dbgpt_ui: {
    severity: 'warning',
    en: { message: 'The pages of this DB-GPT send no key: AWEL Flow and the community page answer 401', fix: 'Put dbgpt-gateway in front of it: people log in, programs send their key' },
    zh: { message: '该 DB-GPT 的页面不会发送密钥：AWEL 工作流和社区页面会报 401', fix: '在前面部署 dbgpt-gateway：人在登录页登录，程序发送密钥' }
  },
  dbgpt_path: {
    severity: 'error',
    en: { message: 'This is a DB-GPT, which has nothing at {path}', fix: 'Set the base URL to end with /api/v2: its chat is POST /api/v2/chat/completions' },
    zh: { message: '这是 DB-GPT，{path} 处没有任何内容', fix: '请让 base URL 以 /api/v2 结尾：其聊天接口为 POST /api/v2/chat/completions' }
  },
  dbgpt_content_type: {
    severity: 'warning',
    en: { message: 'The 401 has another Content-Type than application/json to the letter: DB-GPT\'s chat page then hangs at "Thinking"', fix: 'Send Content-Type: application/json without a charset; in nginx drop "charset utf-8;" for the API' },
    zh: { message: '401 的 Content-Type 与 application/json 不完全一致：DB-GPT 的聊天页面会一直停在 “Thinking”', fix: '发送不带 charset 的 Content-Type: application/json；nginx 中请对 API 去掉 “charset utf-8;”' }
  },
  cached_answer: {
    severity: 'error',
    en: { message: 'A cache hands out to everybody, without a key, what was answered to a key', fix: 'Take the API out of the cache (nginx: proxy_cache off; or proxy_cache_bypass and proxy_no_cache $http_authorization), and empty it' },
    zh: { message: '缓存把需要密钥才能得到的响应发给了所有人', fix: '请对 API 关闭缓存（nginx：proxy_cache off; 或 proxy_cache_bypass、proxy_no_cache $http_authorization），并清空缓存' }
  },
  cors_preflight_refused: {
    severity: 'warning',
    en: { message: 'Browsers cannot call this from another origin: the preflight (OPTIONS) is refused by the guard', fix: 'Register @fastify/cors before the plugin: await app.register(cors, …) comes first' },
    zh: { message: '浏览器无法跨源调用：预检请求（OPTIONS）被密钥检查拒绝', fix: '在本插件之前注册 @fastify/cors：await app.register(cors, …) 须在最前' }
  },
  cors_no_authorization: {
    severity: 'warning',
    en: { message: 'Browsers cannot send the key from another origin: Authorization is not among the allowed headers (a star does not cover it)', fix: 'allowedHeaders: [\'Authorization\', \'Content-Type\'] (nginx: add_header Access-Control-Allow-Headers "Authorization, Content-Type")' },
    zh: { message: '浏览器无法跨源发送密钥：允许的请求头中没有 Authorization（星号不包括它）', fix: '设置 allowedHeaders: [\'Authorization\', \'Content-Type\']（nginx：add_header Access-Control-Allow-Headers "Authorization, Content-Type"）' }
  },
  cors_origin: {
    severity: 'error',
    en: { message: 'Pages of {origin} may not call this server', fix: 'Add the origin: origin: [\'{origin}\'] of @fastify/cors, CORS_ORIGINS={origin} of the gateway' },
    zh: { message: '来自 {origin} 的页面不允许调用该服务器', fix: '添加这个源：@fastify/cors 的 origin: [\'{origin}\']，或网关的 CORS_ORIGINS={origin}' }
  },
  cors_none: {
    severity: 'error',
    en: { message: 'Pages of {origin} may not call this server: it knows nothing of CORS', fix: 'await app.register(cors, { origin: [\'{origin}\'] }) before the plugin, or serve page and API from one origin' },
    zh: { message: '来自 {origin} 的页面不允许调用该服务器：它未配置 CORS', fix: '在本插件之前 await app.register(cors, { origin: [\'{origin}\'] })，或让页面与 API 同源' }
  },
  cors_unreadable: {
    severity: 'warning',
    en: { message: 'Pages of {origin} cannot read a 401: it comes without Access-Control-Allow-Origin', fix: 'Register @fastify/cors before the plugin; in nginx write add_header … always' },
    zh: { message: '来自 {origin} 的页面无法读取 401：缺少 Access-Control-Allow-Origin', fix: '在本插件之前注册 @fastify/cors；nginx 中写成 add_header … always' }
  },
  cors_twice: {
    severity: 'warning',
    en: { message: 'Access-Control-Allow-Origin is sent twice, by proxy and server, which browsers refuse', fix: 'Drop it in one of the two (nginx: proxy_hide_header Access-Control-Allow-Origin)' },
    zh: { message: 'Access-Control-Allow-Origin 由代理和服务器各发送一次，浏览器会拒绝', fix: '请去掉其中之一（nginx：proxy_hide_header Access-Control-Allow-Origin）' }
  },
  plain_http: {
    severity: 'warning',
    en: { message: 'The key goes over the network in clear text', fix: 'Put TLS in front of the server, and begin the URL with https://' },
    zh: { message: '密钥在网络上以明文传输', fix: '请在服务前加上 TLS，并使用 https:// 开头的 URL' }
  },
  cannot_tell: {
    severity: 'warning',
    en: { message: 'This URL answers without a key, and nothing that asks for one was found: whether there is a check cannot be told', fix: 'Give the URL of something that answers GET and needs a key, such as /v1/models' },
    zh: { message: '该 URL 无需密钥即可响应，且未找到要求密钥的接口：无法判断是否有检查', fix: '请给出一个需要密钥且响应 GET 的 URL，例如 /v1/models' }
  },
  cleaned_good: {
    severity: 'fact',
    en: { message: 'Without that the server takes the key', fix: 'Nothing else need be changed' },
    zh: { message: '去掉之后服务器接受该密钥', fix: '无需其他更改' }
  },
  key_good: {
    severity: 'fact',
    en: { message: 'The server takes the key', fix: 'Nothing need be done' },
    zh: { message: '服务器接受该密钥', fix: '无需处理' }
  },
  public_route: {
    severity: 'fact',
    en: { message: 'This path is public; others ask for a key', fix: 'Nothing need be done' },
    zh: { message: '该路径是公开的；其他路径要求密钥', fix: '无需处理' }
  },
  server: {
    severity: 'fact',
    en: { message: 'The server is recognised: {server}', fix: 'Nothing need be done' },
    zh: { message: '已识别服务器：{server}', fix: '无需处理' }
  },
  gateway: {
    severity: 'fact',
    en: { message: 'This is dbgpt-gateway: people log in at /login and then have a session, programs send Authorization: Bearer <key>', fix: 'Nothing need be done' },
    zh: { message: '这是 dbgpt-gateway：人在 /login 登录后获得会话，程序发送 Authorization: Bearer <密钥>', fix: '无需处理' }
  }
} as const satisfies Record<string, Entry>

export type AuthCode = keyof typeof AUTH_TEXTS
