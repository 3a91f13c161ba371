import type { Found } from '../finding.ts'
import type { Asker } from './asker.ts'
import type { EnvironmentProxy } from './environment-proxy.ts'
import { type Answer, type Fault, isAnswer, saysSame } from './outcome.ts'
import type { ProxyCode } from './texts-proxy.ts'

/** A question, and what was answered without the proxy. */
export interface Direct {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly answer: Answer
  /** What a request without a key is answered. */
  readonly bare: Answer
}

/** Asks once by way of the environment's proxy what was asked without it, and compares. */
export async function compareByProxy (
  asker: Asker, { url, variable }: EnvironmentProxy, { path, headers, answer, bare }: Direct
): Promise<Found<ProxyCode> | undefined> {
  if (url === undefined) return { code: 'env_proxy_untried', params: { variable } }
  const outcome = await asker.by(url).ask(path, { headers })
  if (!isAnswer(outcome)) return judgeProxyFault(outcome, variable)
  if (outcome.status === 407) return { code: 'env_proxy_login', params: { variable } }
  if (outcome.status === answer.status) return undefined
  if (saysSame(outcome, bare)) return { code: 'env_proxy_drops_key', params: { variable } }
  return { code: 'env_proxy_breaks', params: { variable, status: outcome.status, direct: answer.status } }
}

/** Says why nothing is answered by way of a proxy; undefined, it was not asked. */
export function judgeProxyFault ({ stage, code }: Fault, variable: string): Found<ProxyCode> | undefined {
  if (stage === 'limit') return undefined
  if (code === '407') return { code: 'env_proxy_login', params: { variable } }
  if (/^\d+$/.test(code)) return { code: 'env_proxy_refuses', params: { variable, status: code } }
  if (stage === 'proxy' || stage === 'connect') return { code: 'env_proxy_unreachable', params: { variable, code } }
  if (stage === 'tls' && /CERT|SIGNED|ISSUER|SIGNATURE/.test(code)) return { code: 'env_proxy_certificate', params: { variable, code } }
  return { code: 'env_proxy_breaks', params: { variable, status: code, direct: 'HTTP' } }
}
