import type { Entry } from '../finding.ts'

/** What can be said of what stands in between. */
export const PROXY_TEXTS = {
  authorization_dropped: {
    severity: 'error',
    en: { message: 'The key was sent, and the server says that none was: a proxy before it drops Authorization', fix: 'nginx: proxy_set_header Authorization $http_authorization; Apache: CGIPassAuth on; drop request_header -Authorization (Caddy), http-request del-header Authorization (HAProxy)' },
    zh: { message: '密钥已发送，但服务器称没有收到：前面的代理丢弃了 Authorization', fix: 'nginx：proxy_set_header Authorization $http_authorization; Apache：CGIPassAuth on；去掉 Caddy 的 request_header -Authorization 或 HAProxy 的 http-request del-header Authorization' }
  },
  proxy_basic: {
    severity: 'error',
    en: { message: 'A proxy ({proxy}) asks for a user and password of its own, and the key never gets to the API', fix: 'Take that off the API\'s path (nginx: auth_basic off;), for its key guards it, or send the key in another header (KEY_HEADER of the gateway)' },
    zh: { message: '代理（{proxy}）要求它自己的用户名和密码，密钥无法到达 API', fix: '请在 API 路径上关闭（nginx：auth_basic off;），由密钥保护，或用其他请求头发送密钥（网关的 KEY_HEADER）' }
  },
  proxy_refuses: {
    severity: 'error',
    en: { message: 'A proxy ({proxy}) refuses the request by itself ({status}); the API has not seen it', fix: 'See its rules (allow/deny, auth_request, WAF), and let the API\'s path pass' },
    zh: { message: '代理（{proxy}）自行拒绝了请求（{status}），API 未收到', fix: '请检查其规则（allow/deny、auth_request、WAF），放行 API 路径' }
  },
  proxy_upstream_down: {
    severity: 'error',
    en: { message: 'A proxy ({proxy}) answers {status}: the server behind it is down, or not where the proxy looks', fix: 'Start the server, and compare its port with proxy_pass / reverse_proxy / server of the proxy' },
    zh: { message: '代理（{proxy}）返回 {status}：其后的服务未运行，或地址不符', fix: '请启动服务，并核对代理的 proxy_pass / reverse_proxy / server 中的端口' }
  },
  proxy_upstream_slow: {
    severity: 'error',
    en: { message: 'A proxy ({proxy}) answers {status}: the server behind it has not answered in time', fix: 'See whether the server hangs; for answers that take long raise proxy_read_timeout (nginx), timeout server (HAProxy) or the like' },
    zh: { message: '代理（{proxy}）返回 {status}：其后的服务未及时响应', fix: '请检查服务是否卡住；若响应本来就慢，请调大 proxy_read_timeout（nginx）、timeout server（HAProxy）等' }
  },
  proxy_limits: {
    severity: 'error',
    en: { message: 'A proxy ({proxy}) answers {status} by itself: it limits requests, or is set to say so', fix: 'nginx: raise rate and burst of limit_req (limit_req_status 429; tells clients to wait), or take out return 503' },
    zh: { message: '代理（{proxy}）自行返回 {status}：它在限制请求，或被配置为如此', fix: 'nginx：调大 limit_req 的 rate 和 burst（limit_req_status 429; 可告知客户端等待），或去掉 return 503' }
  },
  proxy_too_large: {
    severity: 'error',
    en: { message: 'The request is too large for a proxy or server ({proxy}, {status})', fix: 'Is the key or the URL far too long? Else raise large_client_header_buffers (nginx) or --max-http-header-size (Node)' },
    zh: { message: '请求对代理或服务器来说过大（{proxy}，{status}）', fix: '密钥或 URL 是否过长？否则请调大 large_client_header_buffers（nginx）或 --max-http-header-size（Node）' }
  },
  proxy_answers: {
    severity: 'error',
    en: { message: 'A proxy ({proxy}) answers by itself ({status}); the API has not seen the request', fix: 'See its log and its rules for this path' },
    zh: { message: '代理（{proxy}）自行响应（{status}），API 未收到请求', fix: '请查看其日志以及针对该路径的规则' }
  },
  env_proxy_login: {
    severity: 'error',
    en: { message: 'The proxy of {variable} asks for a user and a password (407)', fix: '{variable}=http://user:password@host:port, or the host in NO_PROXY' },
    zh: { message: '{variable} 所指的代理要求用户名和密码（407）', fix: '写成 {variable}=http://用户:密码@主机:端口，或将主机加入 NO_PROXY' }
  },
  env_proxy_unreachable: {
    severity: 'error',
    en: { message: 'The proxy of {variable} cannot be reached ({code}); directly the server answers, or cannot be reached either', fix: 'unset {variable}, or add the host to NO_PROXY, or start the proxy' },
    zh: { message: '无法连接 {variable} 所指的代理（{code}）', fix: '请 unset {variable}，或将主机加入 NO_PROXY，或启动代理' }
  },
  env_proxy_refuses: {
    severity: 'error',
    en: { message: 'The proxy of {variable} does not let this host through ({status})', fix: 'Add the host to NO_PROXY, or have the proxy let it through' },
    zh: { message: '{variable} 所指的代理不放行该主机（{status}）', fix: '请将主机加入 NO_PROXY，或让代理放行' }
  },
  env_proxy_breaks: {
    severity: 'error',
    en: { message: 'By way of the proxy of {variable} the answer is another one ({status}) than without it ({direct})', fix: 'Add the host to NO_PROXY' },
    zh: { message: '经由 {variable} 所指的代理得到的响应（{status}）与直接访问（{direct}）不同', fix: '请将主机加入 NO_PROXY' }
  },
  env_proxy_certificate: {
    severity: 'error',
    en: { message: 'The proxy of {variable} answers TLS in place of the server, with a certificate that is not trusted here ({code})', fix: 'NODE_EXTRA_CA_CERTS=/path/to/its-ca.pem (Python: SSL_CERT_FILE), or the host in NO_PROXY' },
    zh: { message: '{variable} 所指的代理代替服务器进行 TLS，其证书在本机不受信任（{code}）', fix: '设置 NODE_EXTRA_CA_CERTS=/路径/代理的-ca.pem（Python：SSL_CERT_FILE），或将主机加入 NO_PROXY' }
  },
  env_proxy_drops_key: {
    severity: 'error',
    en: { message: 'The proxy of {variable} drops the key on its way', fix: 'Add the host to NO_PROXY, or have the proxy pass Authorization on' },
    zh: { message: '{variable} 所指的代理在途中丢弃了密钥', fix: '请将主机加入 NO_PROXY，或让代理转发 Authorization' }
  },
  env_proxy_only: {
    severity: 'warning',
    en: { message: 'The server can be reached by way of the proxy of {variable} alone, and not directly: Node\'s programs do not use it by themselves', fix: 'NODE_USE_ENV_PROXY=1 (Node 24), or give the client the proxy' },
    zh: { message: '只能经由 {variable} 所指的代理访问该服务器，无法直接访问：Node 程序不会自动使用代理', fix: '设置 NODE_USE_ENV_PROXY=1（Node 24），或为客户端配置代理' }
  },
  env_proxy_untried: {
    severity: 'fact',
    en: { message: 'The proxy of {variable} is none of HTTP and was not tried', fix: 'Nothing need be done, unless programs use it: then add the host to NO_PROXY' },
    zh: { message: '{variable} 所指的不是 HTTP 代理，未尝试', fix: '无需处理；若程序使用它，可将主机加入 NO_PROXY' }
  }
} as const satisfies Record<string, Entry>

export type ProxyCode = keyof typeof PROXY_TEXTS
