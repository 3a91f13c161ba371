import { hash } from 'node:crypto'

const TEXTS = {
  en: {
    title: 'Log in to DB-GPT',
    key: 'API key',
    hint: 'Ask whoever runs this service for a key. Keys are shown once, when they are made.',
    button: 'Log in',
    missing: 'Enter your API key.',
    malformed: 'This is not an API key: it contains a space or another character that keys never have. Copy it again, without quotes.',
    unknown: 'This key is not valid. Was it copied whole, or has it been revoked? Ask whoever runs this service.',
    expired: 'This key has expired. Ask whoever runs this service for a new one.',
    unavailable: 'Keys cannot be checked just now. Try again in a moment.',
    limited: 'Too many attempts from your address. Try again in a minute.',
    origin: 'This form was sent from another place than this page. Log in here.',
    loggedIn: 'You are logged in to DB-GPT',
    name: 'Name',
    id: 'Key',
    until: 'Until',
    idle: 'or after 12 hours without use',
    goOn: 'Go on',
    logOut: 'Log out'
  },
  zh: {
    title: '登录 DB-GPT',
    key: 'API 密钥',
    hint: '密钥由本服务的管理员发放，请向管理员索取。密钥仅在创建时显示一次。',
    button: '登录',
    missing: '请输入您的 API 密钥。',
    malformed: '这不是有效的 API 密钥：其中含有空格或密钥不会包含的字符。请重新复制，不要带引号。',
    unknown: '密钥无效。是否复制完整，或者已被撤销？请联系管理员。',
    expired: '密钥已过期，请向管理员索取新的密钥。',
    unavailable: '暂时无法验证密钥，请稍后再试。',
    limited: '来自您地址的尝试次数过多，请一分钟后再试。',
    origin: '该表单来自其他页面。请在此登录。',
    loggedIn: '您已登录 DB-GPT',
    name: '名称',
    id: '密钥',
    until: '有效期至',
    idle: '或 12 小时未使用后',
    goOn: '继续',
    logOut: '退出登录'
  }
} as const

/** Who is logged in. */
export interface Who {
  readonly name: string | undefined
  /** The key's id. */
  readonly id: string
  /** When the session ends at the latest; undefined, there is none, but a Bearer key that does not expire. */
  readonly until: Date | undefined
}

/** What can be wrong with a login. */
export type Problem = 'missing' | 'malformed' | 'unknown' | 'expired' | 'unavailable' | 'limited' | 'origin'

const STYLE = `
:root { color-scheme: light dark; --line: #767676; --soft: #5f6368; --error: #b3261e; font: 1rem/1.5 system-ui, sans-serif }
@media (prefers-color-scheme: dark) { :root { --line: #949494; --soft: #b4b8bd; --error: #f2b8b5 } }
body { margin: 0; display: grid; min-height: 100vh; place-items: center }
main { box-sizing: border-box; width: 100%; max-width: 26rem; padding: 1.5rem }
h1 { margin: 0 0 1.5rem; font-size: 1.5rem; line-height: 1.25 }
label { display: block; margin-bottom: .5rem; font-weight: 600 }
input, button { box-sizing: border-box; width: 100%; padding: .625rem; border: 1px solid var(--line); border-radius: .375rem; font: inherit }
[aria-invalid] { border-color: var(--error) }
button { margin-top: 1.5rem; border-color: transparent; background: #0b57d0; color: #fff; font-weight: 600; cursor: pointer }
button:hover { background: #0a4bb3 }
input:focus-visible, button:focus-visible { outline: 3px solid #4c8df6; outline-offset: 2px }
#hint { margin: .75rem 0 0; color: var(--soft); font-size: .875rem }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; margin: 0 0 1rem }
dt { color: var(--soft) }
dd { margin: 0; overflow-wrap: anywhere }
[role=alert] { margin: 0 0 1.5rem; padding: .625rem .875rem; border-left: 4px solid; color: var(--error) }
`

/** What the page's Content-Security-Policy lets through, and nothing else. */
export const STYLE_HASH = `'sha256-${hash('sha256', STYLE, 'base64')}'`

/**
 * Chooses the page's language.
 *
 * @param header - Accept-Language (RFC 9110 §12.5.4)
 */
export function languageOf (header = ''): keyof typeof TEXTS {
  const ranked = header.split(',').map(entry => {
    const [tag = '', ...parameters] = entry.trim().toLowerCase().split(/\s*;\s*/)
    const quality = parameters.find(parameter => parameter.startsWith('q='))?.slice(2)
    return { tag, quality: quality === undefined ? 1 : Number(quality) || 0 }
  }).sort((a, b) => b.quality - a.quality)
  const known = ranked.find(({ tag, quality }) => quality > 0 && /^(zh|en)\b/.test(tag))
  return known?.tag.startsWith('zh') === true ? 'zh' : 'en'
}

/**
 * Writes the login page.
 *
 * @param language - as {@link languageOf} chooses it
 * @param next - the path to go on to
 * @param problem - what was wrong with the last attempt
 */
export function loginPage (language: keyof typeof TEXTS, next: string, problem?: Problem): string {
  const text = TEXTS[language]
  const invalid = problem === undefined ? '' : ' aria-invalid="true"'
  return page(language, `${problem === undefined ? '' : '⚠ '}${text.title}`, `<h1>${text.title}</h1>
<form method="post" action="/login">
${problem === undefined ? '' : `<p role="alert" id="problem">${text[problem]}</p>\n`}<label for="key">${text.key}</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus maxlength="512"
  spellcheck="false" autocapitalize="none" aria-describedby="${problem === undefined ? '' : 'problem '}hint"${invalid}>
<input type="hidden" name="next" value="${escapeHtml(next)}">
<p id="hint">${text.hint}</p>
<button type="submit">${text.button}</button>
</form>`)
}

/**
 * Writes what stands in place of the login page for those who have a session: the way out.
 *
 * @param language - as {@link languageOf} chooses it
 * @param next - the path to go on to
 * @param who - who is logged in
 */
export function sessionPage (language: keyof typeof TEXTS, next: string, { name, id, until }: Who): string {
  const text = TEXTS[language]
  const format = new Intl.DateTimeFormat(language === 'zh' ? 'zh-CN' : 'en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })
  const named = name === undefined ? '' : `<dt>${text.name}</dt><dd><bdi>${escapeHtml(name)}</bdi></dd>\n`
  const ends = until === undefined
    ? ''
    : `<dt>${text.until}</dt><dd><time datetime="${until.toISOString()}">${format.format(until)} UTC</time>, ${text.idle}</dd>\n`
  return page(language, text.loggedIn, `<h1>${text.loggedIn}</h1>
<dl>
${named}<dt>${text.id}</dt><dd>${id}</dd>
${ends}</dl>
<p><a href="${escapeHtml(next)}">${text.goOn}</a></p>
<form method="post" action="/logout">
<button type="submit">${text.logOut}</button>
</form>`)
}

function page (language: keyof typeof TEXTS, title: string, content: string): string {
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-Hans' : language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`
}

/** Writes text so that it is text in HTML, too. */
export function escapeHtml (text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
