import { pipeline, type Readable, Transform } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { readerOf } from '../answers/answer.ts'
import { LANGUAGE_COOKIE } from '../answers/notice.ts'
import { escapeHtml, languageOf } from '../answers/page.ts'

const LABELS = { en: 'log out', zh: '退出登录' } as const
const STYLE_PATH = '/login/badge.css'
// Grey on any page, light or dark, and legible by itself: DB-GPT's own theme is nothing that a style sheet knows.
const STYLE = `#dbgpt-gateway-badge {
  all: initial; display: block !important; position: fixed; right: 0; bottom: 0; z-index: 900; box-sizing: border-box;
  max-width: 14rem; padding: 1px 6px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; cursor: pointer;
  border-top-left-radius: 6px; background: rgb(60 64 67 / .75); color: #fff; font: 11px/16px system-ui, sans-serif
}
#dbgpt-gateway-badge:hover, #dbgpt-gateway-badge:focus-visible { background: #3c4043; text-decoration: underline }
#dbgpt-gateway-badge:focus-visible { outline: 2px solid #4c8df6; outline-offset: -2px }
@media print { #dbgpt-gateway-badge { display: none !important } }
`

const SCRIPT_PATH = '/login/badge.js'
// DB-GPT keeps its language in the browser's storage, and is Chinese until somebody chooses another by a click. That a page
// is DB-GPT's is told by the user that it has there, once it is loaded.
const SCRIPT = `(() => {
  const tell = () => {
    try {
      const isDbgpt = localStorage.getItem('__db_gpt_uinfo_key') !== null
      const language = localStorage.getItem('__db_gpt_lng_key') ?? (isDbgpt ? 'zh' : '')
      if (/^(en|zh)$/.test(language)) document.cookie = '${LANGUAGE_COOKIE}=' + language + '; path=/; samesite=lax'
    } catch {} // a browser that keeps nothing
  }
  tell()
  for (const event of ['load', 'click']) addEventListener(event, tell)
})()
`

/**
 * Adds what the badge needs: files of this host, as a page's Content-Security-Policy lets through at the most. A style
 * sheet, and a script that has the page's requests say which language it speaks.
 *
 * @param app - a scope of the gateway whose routes are public
 */
export async function badgeRoutes (app: FastifyInstance): Promise<void> {
  for (const [path, type, text] of [[STYLE_PATH, 'text/css', STYLE], [SCRIPT_PATH, 'text/javascript', SCRIPT]] as const) {
    app.get(path, async (_request, reply) => {
      reply.type(`${type}; charset=utf-8`).headers({ 'cache-control': 'private, max-age=3600', 'x-content-type-options': 'nosniff' })
      return text
    })
  }
}

/**
 * Tells whether a request is for a page that a browser is going to show to somebody with a session.
 *
 * @param request - the request
 */
export function isForPage (request: FastifyRequest): boolean {
  const { 'sec-fetch-dest': target = 'document' } = request.headers
  return target === 'document' && readerOf(request) === 'person' && request.session !== null
}

/**
 * Adds to a page, at its end, the way out; anything else stays what it is.
 *
 * @param request - what was asked for
 * @param reply - the answer, with DB-GPT's headers
 * @param body - its body
 * @returns the body to send
 */
export function withBadge (request: FastifyRequest, reply: FastifyReply, body: Readable): Readable {
  const { apiKey } = request
  if (apiKey === null || !isForPage(request) || !isWholePage(reply)) return body
  // What was said of the body as it was.
  for (const name of ['content-length', 'etag', 'last-modified', 'accept-ranges']) reply.removeHeader(name)
  const badge = badgeOf(languageOf(request.headers['accept-language']), apiKey.name ?? apiKey.id)
  const added = new Transform({
    transform: (chunk, _encoding, done) => done(null, chunk),
    flush: done => done(null, badge)
  })
  return pipeline(body, added, () => {})
}

function isWholePage (reply: FastifyReply): boolean {
  const header = (name: string): string => String(reply.getHeader(name) ?? '').trim()
  return reply.statusCode !== 206 && /^text\/html\b(?!.*utf-?16)/i.test(header('content-type')) &&
    /^(identity)?$/i.test(header('content-encoding')) && !/^attachment\b/i.test(header('content-disposition'))
}

/**
 * Behind everything, a browser puts it at the end of the body, where no script of the page has its elements.
 * Hidden until the style sheet shows it: on a page that takes none, nothing moves. ASCII, for pages in any encoding.
 */
function badgeOf (language: keyof typeof LABELS, name: string): string {
  const html = `<link rel="stylesheet" href="${STYLE_PATH}">` +
    `<a id="dbgpt-gateway-badge" href="/login" title="${escapeHtml(name)}" hidden>${LABELS[language]} (<bdi>${escapeHtml(name)}</bdi>)</a>` +
    `<script src="${SCRIPT_PATH}" async></script>`
  return `\n${html.replace(/[^\x20-\x7e]/gu, character => `&#${character.codePointAt(0)};`)}\n`
}
