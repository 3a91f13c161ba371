import type { Found } from '../finding.ts'
import { judgeIntermediary } from './intermediary.ts'
import { judgeLogin, loginOf } from './login.ts'
import { type Answer, headerOf, isHtml, isRefused, jsonOf } from './outcome.ts'
import { errorOf, formatOf } from './recognise.ts'
import { serviceOf } from './other-service.ts'
import type { AnswerCode } from './texts-answer.ts'
import type { FaultCode } from './texts-connection.ts'
import type { ProxyCode } from './texts-proxy.ts'
import type { RefusalCode } from './texts-refusal.ts'

/** Says what is the matter with an answer that tells nothing of a key; undefined, nothing. */
export function judgeTrouble (answer: Answer): Found<AnswerCode | FaultCode | ProxyCode | RefusalCode> | undefined {
  const { status, body, end } = answer
  const { code, type, message } = errorOf(answer)
  if (end === 'truncated') return { code: 'answer_truncated' }
  if (end === 'endless' && !headerOf(answer, 'content-type').startsWith('text/event-stream')) return { code: 'answer_endless' }
  if (body.includes('ALPN Protocol')) return { code: 'http2_only' }
  const server = serviceOf(answer)
  if (server !== undefined) return { code: 'server_other', params: { server } }
  if (/^(?:insufficient_quota|budget_exceeded)$/.test(type === '' ? code : type)) return { code: 'quota_used_up' }
  if (status === 429) return { code: 'rate_limited', params: { seconds: secondsOf(answer) } }
  const system = isRefused(answer) || isHtml(answer) ? loginOf(answer, linkOf(answer)) : undefined
  if (system !== undefined) return judgeLogin(system)
  const byProxy = judgeIntermediary(answer)
  if (byProxy !== undefined) return byProxy
  if (status === 407) return { code: 'proxy_answers', params: { proxy: 'HTTP', status } }
  if (code === 'key_store_unavailable' || code === 'sessions_unavailable') return { code: 'store_unavailable' }
  // In DB-GPT's envelope the gateway has no code.
  if (code === 'upstream_unauthorized' || (status === 502 && message.includes('DBGPT_API_KEY'))) return { code: 'gateway_upstream_key' }
  // DB-GPT itself is nobody's gateway.
  if (/^upstream_(?:unavailable|timeout)$/.test(code) || ((status === 502 || status === 504) && formatOf(answer) === 'dbgpt')) return { code: 'gateway_upstream', params: { status } }
  if (status === 503) return { code: judgeUnavailable(answer) }
  return status >= 500 ? { code: 'server_error', params: { status } } : undefined
}

/** What a page that refuses links to. */
function linkOf (answer: Answer): string {
  return (isRefused(answer) && isHtml(answer) ? /\bhref="([^"]+)"/.exec(answer.body)?.[1] : undefined) ?? ''
}

function judgeUnavailable (answer: Answer): 'closing' | 'starting' | 'unavailable' {
  const { message } = errorOf(answer)
  // Fastify's own answer while it closes, to the letter, and what llama.cpp says until its model is there.
  if (jsonOf(answer)?.['statusCode'] === 503 && jsonOf(answer)?.['error'] === 'Service Unavailable' && message === 'Service Unavailable') return 'closing'
  if (/\bclosing\b|shutting down|draining/i.test(answer.body)) return 'closing'
  return /loading|starting|warming|initiali[sz]ing/i.test(message === '' ? answer.body : message) ? 'starting' : 'unavailable'
}

function secondsOf (answer: Answer): string {
  const [seconds = '?'] = /^\d{1,5}$/.exec(headerOf(answer, 'retry-after')) ?? []
  return seconds
}
