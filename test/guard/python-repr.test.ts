import t from 'tap'
import { pythonRepr } from '../../lib/guard/python-repr.ts'

// What Python 3.11 answers to repr() of the same string.
const cases: readonly (readonly [string, string])[] = [
  ['', "''"],
  ['plain', "'plain'"],
  ["it's", '"it\'s"'],
  ['say "hi"', '\'say "hi"\''],
  ['it\'s "hi"', '\'it\\\'s "hi"\''],
  ['back\\slash', "'back\\\\slash'"],
  ['a\nb\rc\td', "'a\\nb\\rc\\td'"],
  ['\0\x07\x1b\x7f\x85\xa0\xad', "'\\x00\\x07\\x1b\\x7f\\x85\\xa0\\xad'"],
  ['请提供密钥 é', "'请提供密钥 é'"],
  ['\u200b\u2028\u3000\ufeff', "'\\u200b\\u2028\\u3000\\ufeff'"],
  ['\u{1f511}', "'\u{1f511}'"],
  ['\u{e0001}\u{f0000}', "'\\U000e0001\\U000f0000'"],
  ['\ud800', "'\\ud800'"]
]

for (const [text, expected] of cases) {
  t.test(`${expected} is written as Python writes it`, async t => {
    t.equal(pythonRepr(text), expected)
  })
}
