import type { Found } from '../finding.ts'
import { challengeOf } from './challenge.ts'
import { type Answer, headerOf, isHtml } from './outcome.ts'
import type { FaultCode } from './texts-connection.ts'
import type { ProxyCode } from './texts-proxy.ts'

// By what their own pages look like; the header Server stands on what they pass on, too.
const PAGES: readonly (readonly [proxy: string, page: RegExp])[] = [
  ['Cloudflare', /cloudflare/i],
  ['nginx', /<center>(?:nginx|openresty|tengine)/i],
  ['Apache', /<address>Apache|<title>\d{3} [\w ]+<\/title>\s*<\/head><body>\s*<h1>/],
  ['HAProxy', /<html><body><h1>\d{3} [\w -]+<\/h1>\s*[^<]+\.\s*<\/body><\/html>/],
  ['Envoy', /^upstream connect error|^no healthy upstream|^upstream request timeout|^RBAC: access denied/],
  ['Traefik', /^(?:Bad Gateway|Gateway Timeout|404 page not found|no available server)\s*$/],
  ['AWS', /<center>awselb/i],
  ['IIS', /<title>IIS |Microsoft-IIS/],
  ['Squid', /squid/i]
]

const NAMES = ['nginx', 'openresty', 'Caddy', 'Apache', 'Envoy', 'Cloudflare', 'HAProxy', 'awselb', 'Traefik', 'IIS']

/** Names the proxy that has answered by itself; undefined, the answer may be the API's own. */
export function intermediaryOf (answer: Answer): string | undefined {
  if (answer.status < 400) return undefined
  const isPage = isHtml(answer) || /^text\/plain\b/i.test(headerOf(answer, 'content-type'))
  if (isPage) return PAGES.find(([, page]) => page.test(answer.body))?.[0] ?? byHeader(answer)
  // Caddy's own errors have no body. What it passes on has the header, too.
  return answer.body === '' ? byHeader(answer) : undefined
}

/** Names the proxy that a header names, be the answer its own or one that it has passed on. */
export function byHeader (answer: Answer): string | undefined {
  const said = `${headerOf(answer, 'server')} ${headerOf(answer, 'via')}`.toLowerCase()
  return NAMES.find(name => said.includes(name.toLowerCase()))
}

/** Says what is the matter where a proxy has answered in place of the API. */
export function judgeIntermediary (answer: Answer): Found<ProxyCode | FaultCode> | undefined {
  const { status, body } = answer
  const proxy = intermediaryOf(answer)
  if (status === 400 && /plain HTTP request was sent to HTTPS port|sent an HTTP request to an HTTPS server/i.test(body)) return { code: 'https_port' }
  if (/No required SSL certificate was sent|SSL certificate error/i.test(body)) return { code: 'tls_client_certificate' }
  const { scheme } = challengeOf(answer)
  // A page of the proxy's in place of the API's own answer, whose challenge is passed on (nginx: proxy_intercept_errors).
  if (status === 401 && scheme === 'bearer') return undefined
  if (status === 401 && /^(?:basic|digest|negotiate)$/.test(scheme) && !/^\s*\{/.test(body)) {
    return { code: 'proxy_basic', params: { proxy: proxy ?? 'HTTP' } }
  }
  const params = { proxy: proxy ?? 'HTTP', status }
  if (status === 413 || status === 414 || status === 431 || (status === 400 && /header or cookie too large/i.test(body))) {
    return { code: 'proxy_too_large', params }
  }
  if (proxy === undefined) return undefined
  if (status === 401 || status === 403) return { code: 'proxy_refuses', params }
  if (status === 504 || status === 524) return { code: 'proxy_upstream_slow', params }
  // It answers so by itself alone: for what is down it has 502 and 504.
  if (status === 503 && proxy === 'nginx') return { code: 'proxy_limits', params }
  if (status === 502 || status === 503 || status >= 520) return { code: 'proxy_upstream_down', params }
  return status === 404 || status === 405 || status === 429 || status === 500 ? undefined : { code: 'proxy_answers', params }
}
