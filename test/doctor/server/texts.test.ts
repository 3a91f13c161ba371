import { readFile } from 'node:fs/promises'
import t from 'tap'
import { describe } from '../../../lib/doctor/finding.ts'
import { failureOf } from '../../../lib/doctor/server/start.ts'
import { SERVER_TEXTS, type ServerCode } from '../../../lib/doctor/server/texts.ts'
import { MARKER } from '../../support/app.ts'

const entries = Object.entries(SERVER_TEXTS)

t.test('each finding is documented, with its severity, and nothing else is', async t => {
  const [, section = ''] = (await readFile('docs/errors.md', 'utf8')).split('## What doctor says of a server')
  const [table = ''] = section.split('\n## ')
  const rows = [...table.matchAll(/^\| `([\w-]+)` \| (\w+) \| \S.* \| \S.* \|$/gm)].map(([, ...cells]) => cells)
  t.same(rows, entries.filter(([, { severity }]) => severity !== 'fact').map(([code, { severity }]) => [code, severity]))
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
