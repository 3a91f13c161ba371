import { bySeverity, type Found } from '../finding.ts'
import { Asker } from './asker.ts'
import { compareByProxy, judgeProxyFault } from './by-proxy.ts'
import { type EnvironmentProxy, proxyFor } from './environment-proxy.ts'
import { judgeFault } from './faults.ts'
import { readKeyText } from './key-text.ts'
import { examineOrigin } from './origin.ts'
import { buildShow, decoded } from './secrets.ts'
import { CLIENT_TEXTS, type ClientCode } from './texts.ts'

const TIMEOUT_MS = 5000

/** What to look at, and what programs here would ask it with. */
export interface Client {
  /** As it was given, without credentials. */
  readonly url: string
  /** As it stands in its variable. */
  readonly key?: string | undefined
  /** For the proxies that it names. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** A page's origin, such as `https://app.example.com`. */
  readonly origin?: string | undefined
  /** How long each stage of a request may take, in milliseconds. @defaultValue 5000 */
  readonly timeoutMs?: number | undefined
}

/**
 * Asks a server as its clients do, and says what is wrong, the most probable first: at most 15 requests within a
 * minute, none of which changes anything. The key is sent to the URL's origin and nowhere else.
 */
export async function examineClient (client: Client): Promise<Found<ClientCode>[]> {
  const url = readUrl(client.url)
  const found = url instanceof URL ? await examineUrl(url, client) : [url]
  return bySeverity(found.map(each => ({ ...each, severity: CLIENT_TEXTS[each.code].severity })))
}

function readUrl (text: string): URL | Found<ClientCode> {
  const hasScheme = /^https?:\/\//i.test(text)
  if (!hasScheme && (/^[a-z][a-z\d+.-]*:\/\//i.test(text) || URL.canParse(`http://${text}`))) return { code: 'url_scheme' }
  if (!URL.canParse(text)) return { code: 'url_invalid' }
  const url = new URL(text)
  url.username = url.password = url.hash = ''
  return url
}

async function examineUrl (
  url: URL, { key: text, env, origin, timeoutMs = TIMEOUT_MS }: Client
): Promise<Found<ClientCode>[]> {
  const key = readKeyText(text)
  const proxy = proxyFor(url, env)
  const show = buildShow([text ?? '', key.key ?? '', ...secretsOf(proxy), ...url.searchParams.values()])
  const asker = new Asker(url, timeoutMs)
  const direct = await examineOrigin({ asker, key, origin, show })
  if (direct.fault === undefined) {
    const { found, asked } = direct
    const other = proxy === undefined || asked === undefined ? undefined : await compareByProxy(asker, proxy, asked)
    return [...found, ...other === undefined ? [] : [other]]
  }
  const cause = await judgeFault(direct.fault, asker)
  if (proxy?.url === undefined || direct.fault.stage !== 'connect') return [cause]
  const { fault, found, asked } = await examineOrigin({ asker: asker.by(proxy.url), key, origin, show })
  if (asked?.answer.status === 407) return [{ code: 'env_proxy_login', params: { variable: proxy.variable } }]
  if (fault === undefined) return [{ code: 'env_proxy_only', params: { variable: proxy.variable } }, ...found]
  if (fault.stage === 'tls' || fault.stage === 'answer') return [await judgeFault(fault, asker.by(proxy.url)), cause]
  return [cause, judgeProxyFault(fault, proxy.variable)].filter(each => each !== undefined)
}

/** What of a proxy's URL nobody is to see. */
function secretsOf (proxy: EnvironmentProxy | undefined): string[] {
  if (proxy === undefined) return []
  const [, credentials = ''] = /^(?:[^/]*\/\/)?(.*)@/.exec(proxy.text) ?? []
  const password = credentials.slice(credentials.indexOf(':') + 1)
  return [password, decoded(password)]
}
