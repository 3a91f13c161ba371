import t from 'tap'
import { formatExpiry, printJson, printNewKey, printTable, showsColors } from '../../../lib/cli/call/print.ts'
import { createApiKey } from '../../../lib/index.ts'
import type { Output, Streams } from '../../../lib/cli/call/types.ts'
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
  t.equal(printed(output => printTable(output, Array(200_000).fill(['a', 'b']))), 'a  b\n'.repeat(200_000))
})

t.test('what cannot be seen is escaped, and takes its columns', async t => {
  t.equal(printed(output => printTable(output, [['a\u202eb', '1'], ['\x1b[31m', '2']])), 'a\\u202eb    1\n\\u001b[31m  2\n')
  t.equal(printed(output => printJson(output, { a: '\u202e\x85' })), '{\n  "a": "\\u202e\\u0085"\n}\n')
})

t.test('the first column is shortened so that the table fits, and no other', async t => {
  const rows = [['x'.repeat(30), '12345', ''], ['计'.repeat(12), '1', 'old'], ['e\u0301'.repeat(30), '1', ''], ['short', '1', '']]
  t.equal(printed(output => printTable(output, rows, { columns: 24 })), [
    'xxxxxxxxxxx…  12345', '计计计计计…   1      old', 'e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301…       1', 'short         1', ''
  ].join('\n'))
  t.match(printed(output => printTable(output, rows, { columns: 5 })), /^xxxxxxx… {2}12345\n/, 'it keeps a few characters')
})

t.test('the last text of a row has its colour', async t => {
  const rows = [['a', 'old'], ['b', '']]
  t.equal(printed(output => printTable(output, rows, { styles: ['\x1b[33m', ''] })), 'a  \x1b[33mold\x1b[0m\nb\n')
})

t.test('colours are for terminals that show them, where NO_COLOR is unset or empty', async t => {
  const asked: unknown[] = []
  const shows = (stdout: Partial<Output>, env = {}): boolean => showsColors({ stdout, env } as unknown as Streams)
  const hasColors = (env: object): boolean => { asked.push(env); return !('NO_COLOR' in env) }
  t.equal(shows({}), false)
  t.equal(shows({ isTTY: true }), false)
  t.equal(shows({ isTTY: false, hasColors }), false)
  t.equal(shows({ isTTY: true, hasColors }, { TERM: 'x' }), true)
  t.equal(shows({ isTTY: true, hasColors }, { NO_COLOR: '', TERM: 'x' }), true)
  t.equal(shows({ isTTY: true, hasColors }, { NO_COLOR: '0' }), false)
  t.same(asked, [{ TERM: 'x' }, { TERM: 'x' }, { NO_COLOR: '0' }])
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
