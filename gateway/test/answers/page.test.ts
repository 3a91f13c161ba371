import t from 'tap'
import { languageOf } from '../../lib/answers/page.ts'

t.test('the language is the one that a browser would rather have', async t => {
  for (const [header, language] of [
    [undefined, 'en'], ['', 'en'], ['de', 'en'], ['zh', 'zh'], ['zh-CN,en;q=0.5', 'zh'], ['de, zh;q=0.1', 'zh'], ['en;q=0.5, ZH-TW;q=0.6', 'zh'],
    ['zh;q=0, en', 'en'], ['zh;q=a, en;q=0.1', 'en'], ['zhx', 'en']
  ] as const) t.equal(languageOf(header), language, String(header))
})
