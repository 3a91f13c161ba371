import t from 'tap'
import { describe } from '../../../lib/doctor/finding.ts'
import { failureOf } from '../../../lib/doctor/server/start.ts'
import { SERVER_TEXTS, type ServerCode } from '../../../lib/doctor/server/texts.ts'
import { MARKER } from '../../support/app.ts'
import { documentedFindings, findingRows } from '../../support/findings.ts'

const ANCHOR = 'what-doctor-says-of-a-server'
const entries = Object.entries(SERVER_TEXTS)

t.test('each finding is documented in both languages, and nothing else is', async t => {
  for (const [file, language] of [['docs/errors.md', 'en'], ['docs/zh-CN/errors.md', 'zh']] as const) {
    t.same(await documentedFindings(file, ANCHOR), findingRows(ANCHOR, language), file)
  }
})

t.test('each is told in both languages, with the same parameters', async t => {
  const parameters = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g))].sort()
  for (const [code, { severity, en, zh }] of entries) {
    t.match(zh.message, /\p{Script=Han}/u, code)
    t.same(parameters(zh.message), parameters(en.message).concat(zh.message.includes('{detail}') && !en.message.includes('{detail}') ? ['{detail}'] : []), code)
    t.same(parameters(zh.fix), parameters(en.fix), code)
    if (severity !== 'fact') t.match([en.fix, zh.fix], [/\S/, /\p{Script=Han}/u], code)
    t.notMatch(en.message + en.fix, /\p{Script=Han}/u, code)
  }
})

t.test('an error that is not known passes nothing of its own on', async t => {
  for (const error of [new Error(MARKER), Object.assign(new Error(MARKER), { code: 'ENOMEM' }), Object.assign(new Error(MARKER), { code: `${MARKER} a` })]) {
    const found = failureOf(error, {})
    t.equal(found.code, 'start_failed')
    const { message } = describe<ServerCode>(found, SERVER_TEXTS)
    t.match(message, /^an error that is not known here( \(ENOMEM\))?$/)
  }
})
