import t from 'tap'
import { CLIENT_TEXTS } from '../../../lib/doctor/client/texts.ts'
import { documentedFindings, findingRows } from '../../support/findings.ts'

const ANCHOR = 'what-doctor-says-of-a-url'
const PLACE = /\{\w+\}/g

t.test('each code is told in both languages, with the same parameters', async t => {
  for (const [code, { en, zh }] of Object.entries(CLIENT_TEXTS)) {
    t.match(zh.message, /[\u4e00-\u9fff]/, code)
    for (const field of ['message', 'fix'] as const) t.same(new Set(zh[field].match(PLACE)), new Set(en[field].match(PLACE)), `${code} ${field}`)
    t.notMatch(`${en.message}${en.fix}`, /[\u4e00-\u9fff]/, code)
    t.notMatch(en.message, /\.$/, code)
  }
})

t.test('the documentation has all that can be said of a URL, in both languages', async t => {
  for (const [file, language] of [['docs/errors.md', 'en'], ['docs/zh-CN/errors.md', 'zh']] as const) {
    t.same(await documentedFindings(file, ANCHOR), findingRows(ANCHOR, language), file)
  }
})
