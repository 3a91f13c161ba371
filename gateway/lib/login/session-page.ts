import { escapeHtml, type Language, writePage } from '../answers/page.ts'

const TEXTS = {
  en: {
    title: 'You are logged in',
    name: 'Name',
    id: 'Key',
    until: 'Until',
    idle: ', or after 12 hours without use',
    goOn: 'Go on to DB-GPT',
    logOut: 'Log out'
  },
  zh: {
    title: '您已登录',
    name: '名称',
    id: '密钥',
    until: '有效期至',
    idle: '，或 12 小时未使用后',
    goOn: '前往 DB-GPT',
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

/**
 * Writes what stands in place of the login page for those who have a session: the way out.
 *
 * @param language - in which
 * @param next - the path to go on to
 * @param who - who is logged in
 */
export function sessionPage (language: Language, next: string, { name, id, until }: Who): string {
  const text = TEXTS[language]
  const format = new Intl.DateTimeFormat(language === 'zh' ? 'zh-CN' : 'en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })
  const named = name === undefined ? '' : `<dt>${text.name}</dt><dd><bdi>${escapeHtml(name)}</bdi></dd>\n`
  const ends = until === undefined
    ? ''
    : `<dt>${text.until}</dt><dd><time datetime="${until.toISOString()}">${format.format(until)} UTC</time>${text.idle}</dd>\n`
  return writePage(language, text.title, `<dl>
${named}<dt>${text.id}</dt><dd>${id}</dd>
${ends}</dl>
<a class="button primary" href="${escapeHtml(next)}">${text.goOn}</a>
<form method="post" action="/logout">
<button class="button">${text.logOut}</button>
</form>`)
}
