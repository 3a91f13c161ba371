import type { Language } from '../../doctor/finding.ts'
import { textOption, UsageError } from './options.ts'
import type { Call, Option } from './types.ts'

export const LANGUAGE_OPTION: Option = { type: 'string', value: 'en|zh', help: 'the language of what is printed (default: by LC_ALL, LC_MESSAGES or LANG)' }

/** Returns the language to print: that of `--lang`, or else of messages, as POSIX.1 finds it (§8.2). */
export function languageOf (call: Call): Language {
  const { env } = call.streams
  const given = textOption(call, 'lang')
  if (given !== undefined && !/^(?:en|zh)(?:[-_].*)?$/i.test(given)) throw new UsageError('--lang must be en or zh')
  const locale = given ?? [env['LC_ALL'], env['LC_MESSAGES'], env['LANG']].find(Boolean) ?? ''
  return /^zh/i.test(locale) ? 'zh' : 'en'
}
