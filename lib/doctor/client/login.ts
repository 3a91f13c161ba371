import type { Found } from '../finding.ts'
import { type Answer, headerOf, isHtml } from './outcome.ts'
import type { AnswerCode } from './texts-answer.ts'

// By the paths and hosts of their own documentation; the last is anybody's.
const LOGINS: readonly (readonly [system: string, location: RegExp])[] = [
  ['Cloudflare Access', /cloudflareaccess\.com|\/cdn-cgi\/access\//],
  ['Keycloak', /\/realms\/[^/]+\/protocol\//],
  ['oauth2-proxy', /\/oauth2\/(?:start|sign_in)/],
  ['Authelia', /[?&]rd=.*[?&]rm=|authelia|^https?:\/\/auth\.[^/]+\/\?rd=/],
  ['authentik', /goauthentik|\/if\/flow\//],
  ['Pomerium', /\/\.pomerium\b/],
  ['Microsoft', /login\.microsoftonline\.com/],
  ['Google', /accounts\.google\.com/],
  ['Okta', /\.okta(?:preview)?\.com/],
  ['Auth0', /\.auth0\.com/],
  ['OpenID Connect', /[?&]response_type=(?:code|id_token)|[?&]client_id=/],
  ['HTML', /\/(?:log-?in|sign-?in|sso|auth|authorize|saml2?|session\/new|account\/login)(?:[/?#.]|$)/i]
]

/** Names the system to whose login an answer sends, or whose login page it is. */
export function loginOf (answer: Answer, location = ''): string | undefined {
  const system = LOGINS.find(([, pattern]) => pattern.test(location))?.[0]
  if (system !== undefined && headerOf(answer, 'server').startsWith('TornadoServer')) return 'Jupyter'
  if (system !== undefined || !isHtml(answer)) return system
  if (!/<input[^>]+type\s*=\s*["']?password/i.test(answer.body)) return undefined
  if (/<form[^>]+action="\/login"/.test(answer.body) && answer.body.includes('DB-GPT')) return 'dbgpt-gateway'
  return ['Keycloak', 'Authelia', 'authentik', 'oauth2-proxy', 'Okta'].find(name => answer.body.toLowerCase().includes(name.toLowerCase())) ?? 'HTML'
}

/** Says what a login is that answers in place of the API. */
export function judgeLogin (system: string): Found<AnswerCode> {
  return system === 'dbgpt-gateway' ? { code: 'gateway_login' } : { code: 'login_page', params: { system } }
}
