import { escapeHtml, hashOf, type Language, writePage } from '../answers/page.ts'

const TEXTS = {
  en: {
    title: 'Log in to DB-GPT',
    key: 'API key',
    show: 'Show key',
    hide: 'Hide key',
    hint: 'Ask whoever runs this service for a key. Keys are shown once, when they are made.',
    button: 'Log in',
    missing: 'Enter your API key. Whoever runs this service gives out keys.',
    malformed: 'This is not an API key: it contains a space or another character that keys never have. Copy the key again.',
    several: 'These are several keys. Enter the one that is yours.',
    unknown: 'This key is not valid. Copy it again, or ask whoever runs this service for a new one.',
    expired: 'This key has expired. Ask whoever runs this service for a new one.',
    scope: 'This key is not for DB-GPT. Ask whoever runs this service for one with the scope dbgpt.',
    unavailable: 'Keys cannot be checked just now. Try again in a moment.',
    limited: 'Too many attempts from your address. Try again in a minute.',
    origin: 'This form was sent from another place than this page. Log in here.'
  },
  zh: {
    title: '登录 DB-GPT',
    key: 'API 密钥',
    show: '显示密钥',
    hide: '隐藏密钥',
    hint: '请向本服务的管理员索取密钥。密钥仅在创建时显示一次。',
    button: '登录',
    missing: '请输入您的 API 密钥。密钥由本服务的管理员发放。',
    malformed: '这不是有效的 API 密钥：其中含有空格或密钥不会包含的字符。请重新复制密钥。',
    several: '这里有多个密钥。请只输入您自己的那一个。',
    unknown: '密钥无效。请重新复制，或向管理员索取新的密钥。',
    expired: '密钥已过期。请向管理员索取新的密钥。',
    scope: '该密钥不能用于 DB-GPT。请向管理员索取带有 dbgpt 权限范围（scope）的密钥。',
    unavailable: '暂时无法验证密钥。请稍后再试。',
    limited: '来自您地址的尝试次数过多。请一分钟后再试。',
    origin: '该表单来自其他页面。请在此登录。'
  }
} as const

/** What can be wrong with a login. */
export type Problem = 'missing' | 'malformed' | 'several' | 'unknown' | 'expired' | 'scope' | 'unavailable' | 'limited' | 'origin'

// Without JavaScript there is nothing to press. A key that is sent is hidden first: browsers remember what is shown.
const SCRIPT = `
const key = document.getElementById('key'), show = document.getElementById('show')
const toggle = isShown => {
  key.type = isShown ? 'text' : 'password'
  show.textContent = isShown ? show.dataset.hide : show.dataset.show
}
show.hidden = false
show.addEventListener('click', () => toggle(key.type === 'password'))
key.form.addEventListener('submit', () => toggle(false))
`

/** The script of the page, as a Content-Security-Policy names it. */
export const SCRIPT_HASH = hashOf(SCRIPT)

/**
 * Writes the login page.
 *
 * @param language - in which
 * @param next - the path to go on to
 * @param problem - what was wrong with the last attempt
 */
export function loginPage (language: Language, next: string, problem?: Problem): string {
  const text = TEXTS[language]
  const isWrong = problem !== undefined
  return writePage(language, text.title, `<form method="post" action="/login">
${isWrong ? `<p role="alert" id="problem">${text[problem]}</p>\n` : ''}<div class="label"><label for="key">${text.key}</label>
<button type="button" id="show" aria-controls="key" data-show="${text.show}" data-hide="${text.hide}" hidden>${text.show}</button></div>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus maxlength="4096"
  spellcheck="false" autocapitalize="none" aria-describedby="${isWrong ? 'problem" aria-invalid="true' : 'hint'}">
<input type="hidden" name="next" value="${escapeHtml(next)}">
${isWrong ? '' : `<p class="hint" id="hint">${text.hint}</p>\n`}<button class="button primary">${text.button}</button>
</form>
<script>${SCRIPT}</script>`, isWrong ? '⚠ ' : '')
}
