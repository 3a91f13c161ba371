import { Readable } from 'node:stream'
import t from 'tap'
import { readKey } from '../../../lib/cli/call/read-key.ts'
import { createApiKey, generateApiKey } from '../../../lib/index.ts'
import { KEY, MARKER, rejection } from '../../support/app.ts'
import { shown } from '../../support/shown.ts'

const read = async (...chunks: readonly (string | Buffer)[]): Promise<string> =>
  (await readKey(Object.assign(Readable.from(chunks), { isTTY: false }))).digest

t.test('a key is read as its producers write it', async t => {
  const { digest } = createApiKey(KEY)
  const cases = [
    [KEY], [`${KEY}\n`], [`${KEY}\r\n`], [` \t${KEY} \n\n`], [`\ufeff${KEY}\r\n`], [KEY.slice(0, 9), KEY.slice(9)], [Buffer.from(KEY)],
    [Buffer.from(`\ufeff${KEY}\r\n`, 'utf16le')], [`sha256:${digest.toUpperCase()}`]
  ]
  for (const chunks of cases) t.equal(await read(...chunks), digest, shown(chunks))
})

t.test('what is no key is refused, without a word of it', async t => {
  const key = generateApiKey()
  const mistyped = `${key.slice(0, -1)}${key.endsWith('x') ? 'y' : 'x'}`
  const texts = ['', '\n', `${MARKER}\n${MARKER}`, `${MARKER},b`, `${MARKER}é`, `sha256:${MARKER}`, `${MARKER}\xa0`, mistyped]
  const cases = [[], ...texts.map(text => [text])]
  for (const chunks of cases) {
    const { code, message } = await rejection(read(...chunks))
    t.equal(code, 'FST_DBGPT_AUTH_KEY_INVALID', shown(chunks))
    t.match(message, /^What is on standard input is not a valid API key/, shown(chunks))
    t.notMatch(message, MARKER, shown(chunks))
    t.notOk(message.includes(mistyped), shown(chunks))
  }
  t.match(await rejection(read(mistyped)), { message: /its checksum is wrong/ })
})

t.test('UTF-16 that is not as PowerShell writes it is refused as such', async t => {
  const utf16 = Buffer.from(`\ufeff${KEY}\n`, 'utf16le')
  for (const [bytes, problem] of [
    [Buffer.from(utf16).swap16(), 'it is UTF-16: save it as UTF-8'], [utf16.subarray(2), 'it holds a NUL: save it as text in UTF-8']
  ] as const) {
    t.match(await rejection(read(bytes)), { code: 'FST_DBGPT_AUTH_KEY_INVALID', message: `What is on standard input is not a valid API key: ${problem}` })
  }
})

t.test('what looks miswritten is read as it stands, and told of', async t => {
  const mistakes = [[`API_KEYS=${KEY}`, /name of a variable/], [`"${KEY}"`, /in quotes/], [KEY, undefined]] as const
  for (const [text, mistake] of mistakes) {
    const read = await readKey(Readable.from([text]))
    t.match(read, { digest: createApiKey(text).digest, mistake }, shown(text))
  }
})

t.test('an input without an end is not read to it', async t => {
  let chunks = 0
  const endless = Readable.from((function * () { for (;; chunks++) yield 'x'.repeat(1000) })())
  t.match(await rejection(readKey(endless)), { code: 'FST_DBGPT_AUTH_KEY_INVALID' })
  t.ok(chunks < 100)
})

t.test('a terminal is not waited for, and reading that fails is a failure', async t => {
  const terminal = Object.assign(Readable.from([]), { isTTY: true })
  t.match(await rejection(readKey(terminal)), { message: /^pipe the key into --stdin/ })
  const broken = new Readable({ read () { this.destroy(new Error('EIO')) } })
  t.match(await rejection(readKey(broken)), { message: 'EIO' })
})
