import t from 'tap'
import { formatExpiry, printNewKey, printTable } from '../../../lib/cli/call/print.ts'
import { createApiKey } from '../../../lib/index.ts'
import { KEY } from '../../support/app.ts'

function printed (print: (output: { write: (text: string) => void }) => void): string {
  let text = ''
  print({ write: (part: string) => { text += part } })
  return text
}

t.test('columns are aligned by what a terminal shows', async t => {
  const rows = [['NAME', 'ID'], ['计费', '1'], ['e\u0301', '2'], ['👋', '3'], ['longest', '4']]
  t.equal(printed(output => printTable(output, rows)), [
    'NAME     ID', '计费     1', 'e\u0301        2', '👋       3', 'longest  4', ''
  ].join('\n'))
  t.equal(printed(output => printTable(output, [])), '')
})

t.test('a new key is shown with what it is, or alone', async t => {
  const record = createApiKey({ key: KEY, name: 'billing', expiresAt: new Date(2e12) })
  t.equal(printed(output => printNewKey(output, 'the-key', record, true)), 'the-key\n')
  t.equal(printed(output => printNewKey(output, 'the-key', record, false)),
    `key      the-key\nid       ${record.id}\nname     billing\nexpires  2033-05-18T03:33:20.000Z\n`)
  t.match(printed(output => printNewKey(output, 'the-key', createApiKey(KEY), false)), /name {5}-\nexpires {2}never\n/)
})

t.test('an expiry is told as a date, and how far ahead', async t => {
  const key = createApiKey({ key: KEY, expiresAt: new Date('2030-01-01T12:00:30Z') })
  t.equal(formatExpiry(createApiKey(KEY), 0), 'never')
  t.equal(formatExpiry(key, Date.parse('2029-12-31T12:00:30Z')), '2030-01-01 12:00Z (in 1d)')
  t.equal(formatExpiry(key, Date.parse('2030-01-01T12:00:30Z')), '2030-01-01 12:00Z')
})
