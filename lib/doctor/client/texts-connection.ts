import type { Entry } from '../finding.ts'

/** What can be said of a server that cannot be asked. */
export const CONNECTION_TEXTS = {
  url_invalid: {
    severity: 'error',
    en: { message: 'This is no URL', fix: 'Give it as http://host:port/path' },
    zh: { message: '这不是有效的 URL', fix: '请写成 http://主机:端口/路径' }
  },
  url_scheme: {
    severity: 'error',
    en: { message: 'The URL does not begin with http:// or https://', fix: 'Write http://host:port for a server without TLS, https://host for one with it' },
    zh: { message: 'URL 未以 http:// 或 https:// 开头', fix: '没有 TLS 的服务写成 http://主机:端口，有 TLS 的写成 https://主机' }
  },
  dns_no_host: {
    severity: 'error',
    en: { message: 'There is no host of this name: {host}', fix: 'Check the name in the URL; inside Docker Compose it is the name of the service, outside localhost' },
    zh: { message: '主机名不存在：{host}', fix: '请检查 URL 中的主机名；在 Docker Compose 内应写服务名，在外部应写 localhost' }
  },
  dns_unavailable: {
    severity: 'error',
    en: { message: 'The name {host} cannot be looked up: DNS does not answer', fix: 'Check the network and /etc/resolv.conf, then try again' },
    zh: { message: '无法解析 {host}：DNS 无响应', fix: '请检查网络和 /etc/resolv.conf，然后重试' }
  },
  refused: {
    severity: 'error',
    en: { message: 'Nothing listens at {host}', fix: 'Start the server, or correct the port; a server in a container must listen on 0.0.0.0 (HOST=0.0.0.0) and have its port published' },
    zh: { message: '{host} 上没有服务在监听', fix: '请启动服务或更正端口；容器内的服务须监听 0.0.0.0（HOST=0.0.0.0）并发布端口' }
  },
  connect_timeout: {
    severity: 'error',
    en: { message: '{host} does not answer to a connection', fix: 'Check host and port, and let the firewall or security group pass this port' },
    zh: { message: '连接 {host} 超时', fix: '请检查主机和端口，并在防火墙或安全组中放行该端口' }
  },
  no_route: {
    severity: 'error',
    en: { message: 'No way leads to {host} from here', fix: 'Check the network, the VPN and the address' },
    zh: { message: '从本机无法到达 {host}', fix: '请检查网络、VPN 和地址' }
  },
  no_answer: {
    severity: 'error',
    en: { message: '{host} takes the connection and then answers nothing in time', fix: 'See whether the server hangs; its log says more. Is the port one for HTTP?' },
    zh: { message: '{host} 已接受连接，但未及时响应', fix: '请检查服务是否卡住（参见其日志），并确认该端口是 HTTP 端口' }
  },
  connection_closed: {
    severity: 'error',
    en: { message: '{host} closes the connection without an answer', fix: 'See the server\'s log, and check that the port is one for HTTP' },
    zh: { message: '{host} 未作响应就关闭了连接', fix: '请查看服务日志，并确认该端口是 HTTP 端口' }
  },
  unreachable: {
    severity: 'error',
    en: { message: '{host} cannot be reached ({code})', fix: 'Check host, port and network' },
    zh: { message: '无法连接 {host}（{code}）', fix: '请检查主机、端口和网络' }
  },
  not_http: {
    severity: 'error',
    en: { message: 'What listens there does not speak HTTP: {what}', fix: 'Correct the port: give the one of the API' },
    zh: { message: '该端口上的服务不是 HTTP：{what}', fix: '请更正端口，填写 API 的端口' }
  },
  https_port: {
    severity: 'error',
    en: { message: 'This port speaks TLS, and the URL begins with http://', fix: 'Begin the URL with https://' },
    zh: { message: '该端口使用 TLS，而 URL 以 http:// 开头', fix: '请将 URL 改为以 https:// 开头' }
  },
  http_port: {
    severity: 'error',
    en: { message: 'This port does not speak TLS, and the URL begins with https://', fix: 'Begin the URL with http://, or put TLS in front of the server' },
    zh: { message: '该端口不使用 TLS，而 URL 以 https:// 开头', fix: '请将 URL 改为以 http:// 开头，或在服务前加上 TLS' }
  },
  http2_only: {
    severity: 'error',
    en: { message: 'This port speaks HTTP/2 alone (gRPC, perhaps)', fix: 'Give the port of the HTTP API, or let the server take HTTP/1.1 too' },
    zh: { message: '该端口只支持 HTTP/2（可能是 gRPC）', fix: '请填写 HTTP API 的端口，或让服务同时接受 HTTP/1.1' }
  },
  tls_expired: {
    severity: 'error',
    en: { message: 'The certificate of {host} has expired', fix: 'Renew it on the server (certbot renew) and reload the proxy' },
    zh: { message: '{host} 的证书已过期', fix: '请在服务器上续期证书（certbot renew）并重新加载代理' }
  },
  tls_not_yet_valid: {
    severity: 'error',
    en: { message: 'The certificate of {host} is not valid yet', fix: 'Set the clock of this machine, or wait' },
    zh: { message: '{host} 的证书尚未生效', fix: '请校准本机时钟，或等待其生效' }
  },
  tls_self_signed: {
    severity: 'error',
    en: { message: 'The certificate of {host} is signed by itself, and not trusted here', fix: 'NODE_EXTRA_CA_CERTS=/path/to/certificate.pem (Python: SSL_CERT_FILE), or have it signed by an authority' },
    zh: { message: '{host} 使用自签名证书，本机不信任', fix: '设置 NODE_EXTRA_CA_CERTS=/证书路径.pem（Python：SSL_CERT_FILE），或改用受信任机构签发的证书' }
  },
  tls_unknown_ca: {
    severity: 'error',
    en: { message: 'The certificate of {host} is signed by an authority that is not trusted here, or is sent without its chain', fix: 'NODE_EXTRA_CA_CERTS=/path/to/ca.pem (Python: SSL_CERT_FILE); on the server, send the full chain (fullchain.pem)' },
    zh: { message: '{host} 的证书由本机不信任的机构签发，或缺少证书链', fix: '设置 NODE_EXTRA_CA_CERTS=/路径/ca.pem（Python：SSL_CERT_FILE）；服务器应发送完整证书链（fullchain.pem）' }
  },
  tls_wrong_name: {
    severity: 'error',
    en: { message: 'The certificate is for another name than {host}', fix: 'Use the host name that stands in the certificate, or have one made for this name' },
    zh: { message: '证书的名称与 {host} 不符', fix: '请使用证书中的主机名，或为该名称签发证书' }
  },
  tls_old_version: {
    severity: 'error',
    en: { message: '{host} speaks no version of TLS that is taken here', fix: 'ssl_protocols TLSv1.2 TLSv1.3; (nginx), or the like' },
    zh: { message: '{host} 的 TLS 版本不被接受', fix: '启用新版本，例如 nginx：ssl_protocols TLSv1.2 TLSv1.3;' }
  },
  tls_client_certificate: {
    severity: 'error',
    en: { message: 'The server asks for a certificate of its client', fix: 'Give the client its certificate and key, or turn that off for the API (ssl_verify_client off; in nginx)' },
    zh: { message: '服务器要求客户端证书', fix: '请为客户端配置证书和私钥，或对 API 关闭该要求（nginx：ssl_verify_client off;）' }
  },
  answer_broken: {
    severity: 'error',
    en: { message: 'The answer is not good HTTP ({code})', fix: 'See the server\'s log, and ask it without the proxies in between' },
    zh: { message: '响应不是合法的 HTTP（{code}）', fix: '请查看服务日志，并绕过中间的代理直接访问' }
  },
  tls_no_site: {
    severity: 'error',
    en: { message: 'The server speaks TLS, but has no certificate for the name {host}', fix: 'Use the host name that it has a certificate for; with an IP address, no name is sent (SNI)' },
    zh: { message: '服务器使用 TLS，但没有 {host} 的证书', fix: '请使用已有证书的主机名；用 IP 地址访问时不会发送主机名（SNI）' }
  },
  tls_failed: {
    severity: 'error',
    en: { message: 'TLS cannot be agreed on ({code})', fix: 'Check versions, ciphers and certificates on both sides: openssl s_client -connect host:port' },
    zh: { message: 'TLS 协商失败（{code}）', fix: '请检查双方的版本、加密套件和证书：openssl s_client -connect 主机:端口' }
  }
} as const satisfies Record<string, Entry>

export type FaultCode = keyof typeof CONNECTION_TEXTS
