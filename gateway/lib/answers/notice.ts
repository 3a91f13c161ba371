import type { FastifyRequest } from 'fastify'
import type { RejectionInfo } from 'fastify-dbgpt-auth'
import { type Language, languageOf } from './page.ts'

/** The cookie by which DB-GPT's pages tell their language: they keep it where no request brings it. */
export const LANGUAGE_COOKIE = 'dbgpt-language'

/** For people who see a page of DB-GPT's: any refused key of theirs is that of a session, which it has ended. */
const TEXTS: Readonly<Record<Language, Readonly<Record<RejectionInfo['status'], string>>>> = {
  en: {
    401: 'Your session has ended, log in again: /login',
    403: 'Your key is not for DB-GPT, log in with another one: /login',
    503: 'Keys cannot be checked just now, yours is not the reason. Try again in a moment.'
  },
  zh: {
    401: '登录已失效，请重新登录：/login',
    403: '您的密钥不能用于 DB-GPT，请使用其他密钥登录：/login',
    503: '暂时无法验证密钥，问题不在您的密钥。请稍后重试。'
  }
}

/**
 * Makes a refusal that DB-GPT's pages show to people, in the page's language: the plugin's `dbgpt`, with another message.
 *
 * @param request - the request, of a page
 * @param rejection - why it is refused
 */
export function noticeOf (request: FastifyRequest, { status, type, code }: RejectionInfo): object {
  const { cookies: { [LANGUAGE_COOKIE]: told }, headers } = request
  const language = told === 'zh' || told === 'en' ? told : languageOf(headers['accept-language'])
  // In none of the texts is a character that Python's repr would write otherwise.
  const message = `{'error': {'message': '${TEXTS[language][status]}', 'type': '${type}', 'param': None, 'code': '${code}'}}`
  return { success: false, err_code: String(status), err_msg: message, data: null }
}
