import fc from 'fast-check'
import t from 'tap'
import { keysOf } from '../../lib/login/pasted-key.ts'
import { KEY } from '../../../test/support/app.ts'

const WRAPPINGS: ReadonlyArray<(text: string) => string> = [
  text => ` \t${text}\r\n`,
  text => `"${text}"`,
  text => `'${text}'`,
  text => `“${text}”`,
  text => `\ufeff${text}\u200b`,
  text => `Bearer ${text}`,
  text => `bearer\t${text}`,
  text => `Authorization: ${text}`,
  text => `-H "authorization: ${text}"`,
  text => `API_KEYS=${text}`,
  text => `export API_KEYS = ${text}`,
  text => `OPENAI_API_KEY: ${text}`
]

t.test('a key is what is left of any two wrappings that people paste', async () => {
  const wrapping = fc.constantFrom(...WRAPPINGS)
  fc.assert(fc.property(fc.stringMatching(/^[A-Za-z0-9._~+/-]{1,64}$/), wrapping, wrapping, (text, inner, outer) => {
    const key = `sk-${text}`
    return keysOf(outer(inner(key))).join('|') === key
  }))
})

t.test('what is not understood stays as it is, and ends', async t => {
  for (const text of ['', ' ', '""', 'API_KEYS=', 'API_KEYS=,,', '\u200b']) t.same(keysOf(text), [], JSON.stringify(text))
  for (const text of ['Bearer', 'sk-"quoted"', '"half', 'a b', 'a,b', 'sk-API_KEYS=a', '\'a"']) t.same(keysOf(text), [text], text)
  t.same(keysOf(`API_KEYS=${KEY},`), [KEY])
  t.same(keysOf(`API_KEYS=" ${KEY} , b"`), [KEY, 'b'])
  t.equal(keysOf('"'.repeat(16_384))[0]?.length, 16_384 - 16)
  const invisible = /[\u200b-\u200d\u2060\ufeff]/g
  fc.assert(fc.property(fc.string({ unit: 'binary' }), text => keysOf(text).every(key => text.replace(invisible, '').includes(key))))
})
