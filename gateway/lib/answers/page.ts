import { hash } from 'node:crypto'

/** The languages that people are spoken to in. */
export type Language = 'en' | 'zh'

// The blue, the dark colours and the gradient are those of DB-GPT's own pages; the mark, a keyhole, is the gateway's.
const STYLE = `
:root { color-scheme: light dark; --page: #f7f7f7; --card: #fff; --text: #1c2533; --line: #767f8c; --edge: #e0e5ec; --soft: #566070;
  --link: #0062ee; --error: #b3261e; --alarm: #fdf0ef; font: 1rem/1.5 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif }
@media (prefers-color-scheme: dark) { :root { --page: #151622; --card: #232734; --text: #e8ebf2; --line: #8d95a5; --edge: #353b4c;
  --soft: #b0b8c7; --link: #7ab3ff; --error: #ffb4ab; --alarm: #3a2529 } }
* { box-sizing: border-box }
body { display: grid; min-height: 100vh; margin: 0; padding: 1.5rem 1rem; place-content: center; justify-items: center;
  grid-template-columns: minmax(0, 26rem); background: var(--page); color: var(--text) }
.mark { display: flex; gap: .5rem; align-items: center; margin: 0 0 1.25rem; color: var(--soft); font-weight: 600; letter-spacing: .04em }
main { width: 100%; padding: 1.75rem 1.5rem; border: 1px solid var(--edge); border-radius: .75rem; background: var(--card);
  overflow-wrap: break-word }
h1 { margin: 0 0 1.25rem; font-size: 1.375rem; line-height: 1.3; text-wrap: balance }
main span { white-space: nowrap }
p { margin: 0 0 1rem; text-wrap: pretty }
.label { display: flex; justify-content: space-between; gap: 1rem; align-items: baseline; margin-bottom: .5rem }
label { font-weight: 600 }
input, .button { display: block; width: 100%; padding: .625rem .75rem; border: 1px solid var(--line); border-radius: .5rem;
  background: var(--card); color: inherit; font: inherit; text-align: center; text-decoration: none }
input { text-align: start }
[aria-invalid] { border-color: var(--error) }
.button { cursor: pointer; font-weight: 600 }
.button:hover { background: var(--page) }
.primary { margin-top: 1.25rem; border-color: transparent; background: #0062ee; color: #fff }
.primary:hover { background: #0053ca }
.primary + form, .primary + .button { margin-top: .75rem }
#show { padding: 0; border: 0; background: none; color: var(--link); font: inherit; font-size: .875rem; cursor: pointer }
#show:hover { text-decoration: underline }
:focus-visible { outline: 3px solid #4c8df6; outline-offset: 2px }
.hint { margin: .75rem 0 0; color: var(--soft); font-size: .875rem }
dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .375rem 1rem; margin: 0 }
dt { color: var(--soft) }
dd { margin: 0; overflow-wrap: anywhere }
@media (max-width: 23rem) { dl { grid-template-columns: minmax(0, 1fr); gap: 0 } dd + dt { margin-top: .5rem } }
[role=alert] { padding: .625rem .875rem; border-left: 4px solid; border-radius: .25rem; background: var(--alarm); color: var(--error) }
`

const MARK = `<p class="mark"><svg width="24" height="24" viewBox="0 0 24 24" aria-hidden="true"><defs><linearGradient id="g"><stop
 stop-color="#00daef"/><stop offset="1" stop-color="#105eff"/></linearGradient></defs><rect width="24" height="24" rx="7"
 fill="url(#g)"/><path d="M12 6a3.2 3.2 0 0 0-1.5 6L9.6 18h4.8l-.9-6A3.2 3.2 0 0 0 12 6z" fill="#fff"/></svg>DB-GPT</p>`

/** The style of the gateway's pages, as a Content-Security-Policy names it. */
export const STYLE_HASH = hashOf(STYLE)

/** Names the one text of a style or script that a Content-Security-Policy lets through. */
export function hashOf (text: string): string {
  return `'sha256-${hash('sha256', text, 'base64')}'`
}

/**
 * Chooses the page's language.
 *
 * @param header - Accept-Language (RFC 9110 §12.5.4)
 */
export function languageOf (header = ''): Language {
  const ranked = header.split(',').map(entry => {
    const [tag = '', ...parameters] = entry.trim().toLowerCase().split(/\s*;\s*/)
    const quality = parameters.find(parameter => parameter.startsWith('q='))?.slice(2)
    return { tag, quality: quality === undefined ? 1 : Number(quality) || 0 }
  }).sort((a, b) => b.quality - a.quality)
  const known = ranked.find(({ tag, quality }) => quality > 0 && /^(zh|en)\b/.test(tag))
  return known?.tag.startsWith('zh') === true ? 'zh' : 'en'
}

/**
 * Writes a page of the gateway's own: a card below its mark.
 *
 * @param language - as {@link languageOf} chooses it
 * @param heading - in text
 * @param content - what is below the heading, in HTML
 * @param sign - what the title begins with
 */
export function writePage (language: Language, heading: string, content: string, sign = ''): string {
  const title = escapeHtml(heading)
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-Hans' : language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${sign}${title}</title>
<style>${STYLE}</style>
</head>
<body>
${MARK}
<main>
<h1>${unbroken(title)}</h1>
${content}
</main>
</body>
</html>
`
}

/** Keeps a name in HTML from being broken at its hyphen. */
export function unbroken (html: string): string {
  return html.replaceAll('DB-GPT', '<span>DB-GPT</span>')
}

/** Writes text so that it is text in HTML, too. */
export function escapeHtml (text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
