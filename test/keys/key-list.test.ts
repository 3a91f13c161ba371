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
