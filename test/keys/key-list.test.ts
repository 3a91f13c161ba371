import fc from 'fast-check'
import t from 'tap'
import type { ApiKeyInit } from '../../lib/index.ts'
import { readKeyList, trimBlanks } from '../../lib/keys/key-list.ts'
import { KEY, MARKER, OTHER_KEY } from '../support/app.ts'
import { shown } from '../support/shown.ts'

const DIGEST = 'ab'.repeat(32)

t.test('duplicates are one key, in whatever form', async t => {
  const expiresAt = new Date('2030-01-01')
  const { keys } = readKeyList([
    KEY, KEY, { key: KEY }, `sha256:${DIGEST}`, { digest: DIGEST.toUpperCase() },
    { key: OTHER_KEY, expiresAt, metadata: { a: [1] } },
    { key: OTHER_KEY, expiresAt: new Date(expiresAt), metadata: { a: [1] } }
  ], 'keys')
  t.equal(keys.size, 3)
})

t.test('a key that is repeated with other details is refused by its place', async t => {
  const pairs: readonly (readonly [ApiKeyInit | string, ApiKeyInit | string])[] = [
    [KEY, { key: KEY, name: 'billing' }],
    [{ key: KEY, name: 'billing' }, { key: KEY, name: 'shop' }],
    [{ key: KEY, expiresAt: new Date(1) }, { key: KEY, expiresAt: new Date(2) }],
    [{ key: KEY, expiresAt: new Date(1) }, KEY]
  ]
  for (const pair of pairs) {
    t.throws(() => readKeyList(pair, 'keys'), { code: 'FST_DBGPT_AUTH_KEY_INVALID', message: /^Entry 2 of keys .*other details/ }, shown(pair))
  }
})

t.test('weak keys are named by place, a digest is not judged', async t => {
  const { weaknesses } = readKeyList([KEY, 'dbgpt', `sha256:${DIGEST}`, { key: 'short' }, { digest: 'cd'.repeat(32) }], 'keys')
  t.same(weaknesses, ['Entry 2 of keys is a placeholder', 'Entry 4 of keys is shorter than 20 characters'])
})

t.test('what is most likely miswritten is named by its place and the way out, and not also told to be weak', async t => {
  const quotes = 'is in quotes: drop them'
  const brackets = 'is in brackets: give the keys alone, with commas between them'
  const cases: readonly (readonly [readonly (string | ApiKeyInit)[], readonly string[]])[] = [
    [[`"${KEY}"`], [`Entry 1 of keys ${quotes}`]], [[KEY, '', { key: '\'x\'' }], [`Entry 3 of keys ${quotes}`]],
    [['"dbgpt"', 'dbgpt'], [`Entry 1 of keys ${quotes}`]],
    // Split at the commas, no entry has both of them.
    [[`"${KEY}`, `${OTHER_KEY}"`], [`keys ${quotes}`]], [[`'${KEY}`, KEY, `${OTHER_KEY}'`], [`keys ${quotes}`]],
    [[`["${KEY}"`, `"${OTHER_KEY}"]`], [`keys ${brackets}`]], [[`[${KEY}`, ` ${OTHER_KEY}]`.trim()], [`keys ${brackets}`]],
    [[`API_KEYS="${KEY}`, `${OTHER_KEY}"`], ['Entry 1 of keys begins with the name of a variable: give its value alone']],
    [[`[${KEY}`, `${OTHER_KEY}]`, KEY], []], [[`"${KEY}`, `${OTHER_KEY}'`], []], [[`${KEY}"`, `"${OTHER_KEY}`], []],
    [[{ digest: DIGEST }], []], [[{ digest: DIGEST }, `[${KEY}`, `${OTHER_KEY}]`], [`keys ${brackets}`]]
  ]
  for (const [entries, mistakes] of cases) t.same(readKeyList(entries, 'keys').mistakes, mistakes, shown(entries))
  t.same(readKeyList(['"dbgpt"', 'dbgpt'], 'keys').weaknesses, ['Entry 2 of keys is a placeholder'])
})

t.test('what is no key for the blank that a mistake left in it is told of the mistake', async t => {
  for (const [entry, mistake] of [
    [`export API_KEYS=${KEY}`, /no comma\); this begins with the name of a variable: give its value alone$/],
    [`"${KEY} "`, /; this is in quotes: drop them$/], [`- ${KEY}`, /; this begins with a dash and a blank: drop them$/]
  ] as const) {
    t.throws(() => readKeyList([KEY, entry], 'keys'), {
      code: 'FST_DBGPT_AUTH_KEY_INVALID', message: new RegExp(`^Entry 2 of keys is not a valid API key(?!.*${MARKER}).*${mistake.source}`)
    }, shown(entry))
  }
})

t.test('what is no key is refused by its place, and never by its text', async t => {
  const bad: readonly unknown[] = [
    `${MARKER} with a blank`, `${MARKER}\nline`, `${MARKER}密钥`, `${MARKER}\u00a0`, `${MARKER},comma`,
    `${MARKER}${'x'.repeat(513)}`, ` ${KEY}`, `sha256:${MARKER}`, `sha256:${DIGEST}0`, undefined, null, 7, true, [], [KEY],
    {}, { key: KEY, digest: DIGEST }, { key: '' }, { key: 7 }, { digest: MARKER }, { digest: 7 }, { name: 'billing' }
  ]
  for (const entry of bad) {
    t.throws(() => readKeyList([KEY, '', entry as string], 'API_KEYS'), {
      code: 'FST_DBGPT_AUTH_KEY_INVALID', message: new RegExp(`^Entry 3 of API_KEYS (?!.*${MARKER})`, 's')
    }, shown(entry))
  }
})

t.test('blanks are ASCII, and a text without any is left alone', async t => {
  t.equal(trimBlanks(' \t\r\n a b \r\n'), 'a b')
  t.equal(trimBlanks('\u00a0a\u2003'), '\u00a0a\u2003')
  fc.assert(fc.property(fc.string(), text => {
    const trimmed = trimBlanks(text)
    return text.includes(trimmed) && !/^[ \t\r\n]|[ \t\r\n]$/.test(trimmed)
  }))
})
