import { type Language, STYLE_HASH, unbroken, writePage } from './page.ts'

/** A heading, and what to do. */
type Texts = readonly [heading: string, advice: string]

const FAULTS: Readonly<Record<Language, Readonly<Record<string, Texts>>>> = {
  en: {
    upstream_unavailable: ['DB-GPT cannot be reached', 'It may be starting just now. Try again in a moment; if that does not help, tell whoever runs this service.'],
    upstream_timeout: ['DB-GPT did not answer in time', 'It may be busy. Try again in a few minutes; if that does not help, tell whoever runs this service.'],
    upstream_unauthorized: ['DB-GPT does not take this service\'s key', 'Your own key is not the reason. Tell whoever runs this service: its DBGPT_API_KEY is missing or wrong.'],
    sessions_unavailable: ['Your login cannot be checked just now', 'You are still logged in. Try again in a moment.'],
    key_store_unavailable: ['Keys cannot be checked just now', 'Your key is not the reason. Try again in a moment.'],
    rate_limit_exceeded: ['Too many attempts', 'Too many keys from your address were refused. Try again in a minute.'],
    insufficient_scope: ['Your key is not for DB-GPT', 'It was made for something else. Log in with another key, or ask whoever runs this service for one with the scope dbgpt.'],
    cross_origin: ['Sent from another site', 'This was not done, as a page of another site asked for it. Open DB-GPT and do it there.'],
    client: ['This does not work', 'What was sent cannot be handled. Go back and try it another way, or tell whoever runs this service.'],
    server: ['Something went wrong', 'The fault is not yours. Try again in a moment; if that does not help, tell whoever runs this service.']
  },
  zh: {
    upstream_unavailable: ['无法连接 DB-GPT', '服务可能正在启动。请稍后重试；如仍无法访问，请联系管理员。'],
    upstream_timeout: ['DB-GPT 未及时响应', '服务可能繁忙。请几分钟后重试；如仍无响应，请联系管理员。'],
    upstream_unauthorized: ['DB-GPT 不接受本服务的密钥', '问题不在您的密钥。请联系管理员：DBGPT_API_KEY 缺失或不正确。'],
    sessions_unavailable: ['暂时无法验证您的登录状态', '您仍处于登录状态。请稍后重试。'],
    key_store_unavailable: ['暂时无法验证密钥', '问题不在您的密钥。请稍后重试。'],
    rate_limit_exceeded: ['尝试次数过多', '来自您地址的无效密钥过多。请一分钟后重试。'],
    insufficient_scope: ['您的密钥不能用于 DB-GPT', '该密钥用于其他用途。请使用其他密钥登录，或向管理员索取带有 dbgpt 权限范围（scope）的密钥。'],
    cross_origin: ['请求来自其他网站', '该请求由其他网站的页面发出，因此未执行。请打开 DB-GPT 后再操作。'],
    client: ['无法处理此请求', '无法处理所发送的内容。请返回后换一种方式重试，或联系管理员。'],
    server: ['出现错误', '问题不在您这边。请稍后重试；如仍未解决，请联系管理员。']
  }
}
const ACTIONS = {
  en: { again: 'Try again', home: 'Open DB-GPT', login: 'Log in with another key', sent: 'To send your form again, go back first.' },
  zh: { again: '重试', home: '打开 DB-GPT', login: '使用其他密钥登录', sent: '如需重新发送表单，请先返回上一页。' }
} as const

/** What such a page may do: have its style. */
export const FAULT_POLICY = `default-src 'none'; style-src ${STYLE_HASH}; form-action 'none'; frame-ancestors 'self'; base-uri 'none'`

/**
 * Writes what people see of a fault: what it is, what to do, and what to tell those who can mend it.
 *
 * @param language - in which
 * @param status - the HTTP status
 * @param code - what programs tell it by
 * @param isRead - whether nothing was sent, so that the same address can be asked again
 */
export function faultPage (language: Language, status: number, code: string, isRead: boolean): string {
  const faults = FAULTS[language]
  const [heading, advice] = faults[code] ?? faults[status < 500 ? 'client' : 'server'] as Texts
  const actions = ACTIONS[language]
  // An address that was wrong once stays so; the blank one is the page's own.
  const isWorthIt = isRead && (status >= 500 || status === 429)
  const [href, action] = isWorthIt ? ['', actions.again] : code === 'insufficient_scope' ? ['/login', actions.login] : ['/', actions.home]
  return writePage(language, heading, `<p>${unbroken(advice)}${isRead || status === 403 ? '' : ` ${actions.sent}`}</p>
<a class="button primary" href="${href}">${action}</a>
<p class="hint">${status} <bdi>${code}</bdi></p>`)
}
