import t from 'tap'
import { decodeText } from '../../lib/keys/text.ts'

const decode = (bytes: Uint8Array): string => decodeText(bytes, problem => new Error(problem))
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le')

t.test('marks are dropped, at the start of any line, and line ends are one', async t => {
  for (const [text, expected] of [
    ['', ''], ['a', 'a'], ['\ufeff', ''], ['\ufeffa=1\n', 'a=1\n'], ['a\r\nb\rc\n', 'a\nb\nc\n'], ['\ufeffa\r\n\ufeffb', 'a\nb'],
    ['a\ufeffb', 'a\ufeffb'], ['密钥 # é', '密钥 # é']
  ] as const) t.equal(decode(Buffer.from(text)), expected, JSON.stringify(text))
})

t.test('UTF-16 is refused, with a mark or without, and so is whatever holds a NUL', async t => {
  const text = 'API_KEYS=x\r\n'
  for (const [bytes, message] of [
    [utf16(`\ufeff${text}`), 'it is UTF-16: save it as UTF-8'],
    [utf16(`\ufeff${text}`).swap16(), 'it is UTF-16: save it as UTF-8'],
    [utf16('\ufeff'), 'it is UTF-16: save it as UTF-8'],
    [utf16(text), 'it holds a NUL: save it as text in UTF-8'],
    [Buffer.from(`${text}\0`), 'it holds a NUL: save it as text in UTF-8']
  ] as const) t.throws(() => decode(bytes), { message }, message)
})
