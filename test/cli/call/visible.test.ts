import fc from 'fast-check'
import t from 'tap'
import { visible } from '../../../lib/cli/call/visible.ts'

t.test('characters that cannot be seen, or that change what is, are escaped', async t => {
  const unseen = [
    '\0', '\t', '\r', '\x1b', '\x7f', '\x80', '\x85', '\x9b', '\xa0', '\xad', '\u034f', '\u061c', '\u115f', '\u180e', '\u2000', '\u200b',
    '\u200d', '\u200e', '\u200f', '\u2028', '\u2029', '\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u202f', '\u2060', '\u2066', '\u2067',
    '\u2068', '\u2069', '\u206f', '\u2800', '\u3164', '\ud800', '\udfff', '\ufe0f', '\ufeff', '\uffa0', '\ufff9'
  ]
  for (const character of unseen) {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0')
    t.equal(visible(`a${character}b`), `a\\u${code}b`, code)
  }
  t.equal(visible('a\u{e0041}b'), 'a\\udb40\\udc41b', 'a tag')
})

t.test('what can be seen stays as it is', async t => {
  for (const text of ['', 'billing', 'a b', '计费\u3000二', 'é e\u0301', '👋', 'مفتاح', '\\u202e', '{\n  "a": 1\n}']) t.equal(visible(text), text)
})

t.test('JSON stands for the same afterwards', async t => {
  fc.assert(fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, text) => {
    const json = JSON.stringify({ value, [text]: text }, null, 2)
    t.same(JSON.parse(visible(json)), JSON.parse(json))
    t.notMatch(visible(text), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}](?<!\n)/u)
  }))
})
