import { readFile } from 'node:fs/promises'
import t from 'tap'
import { CLIENT_TEXTS } from '../../../lib/doctor/client/texts.ts'

const PLACE = /\{\w+\}/g

t.test('each code is told in both languages, with the same parameters', async t => {
  for (const [code, { en, zh }] of Object.entries(CLIENT_TEXTS)) {
    t.match(zh.message, /[\u4e00-\u9fff]/, code)
    for (const field of ['message', 'fix'] as const) t.same(new Set(zh[field].match(PLACE)), new Set(en[field].match(PLACE)), `${code} ${field}`)
    t.notMatch(`${en.message}${en.fix}`, /[\u4e00-\u9fff]/, code)
    t.notMatch(en.message, /\.$/, code)
  }
})

t.test('the documentation has all that can be said of a URL', async t => {
  const text = await readFile('docs/errors.md', 'utf8')
  const [, section = ''] = text.split('\n## What doctor says of a URL\n')
  const [own = ''] = section.split('\n## ')
  const rows = own.split('\n').filter(line => line.startsWith('| `'))
  const escaped = (text: string): string => text.replaceAll('|', '\\|')
  const expected = Object.entries(CLIENT_TEXTS).map(([code, { severity, en }]) => `| \`${code}\` | ${severity} | ${escaped(en.message)} | ${escaped(en.fix)} |`)
  t.same([...rows].sort(), [...expected].sort())
})
