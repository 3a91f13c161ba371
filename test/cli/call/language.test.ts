import t from 'tap'
import { languageOf } from '../../../lib/cli/call/language.ts'
import type { Call } from '../../../lib/cli/call/types.ts'
import { shown } from '../../support/shown.ts'

t.test('the language is that of the option, or else of the locale for messages', async t => {
  const cases = [
    [{}, undefined, 'en'], [{ LANG: 'C.UTF-8' }, undefined, 'en'], [{ LANG: 'zh_CN.UTF-8' }, undefined, 'zh'], [{ LANG: 'de_DE' }, undefined, 'en'],
    [{ LC_MESSAGES: 'zh_TW', LANG: 'en_US' }, undefined, 'zh'], [{ LC_ALL: 'C', LANG: 'zh_CN' }, undefined, 'en'],
    [{ LC_ALL: '', LC_MESSAGES: '', LANG: 'zh' }, undefined, 'zh'], [{ LANG: 'zh_CN' }, 'en', 'en'], [{}, 'zh', 'zh'], [{}, 'zh-Hans', 'zh'], [{}, 'ZH_cn', 'zh']
  ] as const
  for (const [env, lang, expected] of cases) {
    t.equal(languageOf({ values: { lang }, streams: { env } } as unknown as Call), expected, shown([env, lang]))
  }
  t.throws(() => languageOf({ values: { lang: 'fr' }, streams: { env: {} } } as unknown as Call), { message: '--lang must be en or zh' })
})
