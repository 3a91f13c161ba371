import fc from 'fast-check'
import t from 'tap'
import { type ApiKey, createApiKey } from '../../../lib/index.ts'
import { parseKeyFile, serializeKeyFile } from '../../../lib/stores/file/key-file.ts'
import { KEY, MARKER, OTHER_KEY, rejection } from '../../support/app.ts'

const FILE = 'keys'
const A = createApiKey({ key: KEY, name: 'billing', createdAt: new Date(1e12), expiresAt: new Date(2e12), metadata: { a: '{"}' } })
const B = createApiKey(OTHER_KEY)

/** What an assertion calls a text. */
function shown (text: string): string {
  return text.replace(/[^!"$-~]+/g, ' ').replace(/[0-9a-f]{12,}/g, '…').slice(0, 100)
}

async function digestsOf (text: string): Promise<string[]> {
  return Array.from((await parseKeyFile(text, FILE)).list.keys.values(), ({ digest }) => digest)
}

t.test('a plain list holds keys between commas and line ends, and comments', async t => {
  const digest = `sha256:${B.digest.toUpperCase()}`
  for (const text of [
    `${KEY},${OTHER_KEY}`, `${KEY}\n${OTHER_KEY}\n`, ` ${KEY} , ${OTHER_KEY}\r\n`, `# keys\n${KEY} # the first\n\n\t# none\n${OTHER_KEY}`,
    `${KEY}\n${digest}\n${KEY}\n`, `# keys\r\n${KEY} # the first\r\n#old-${MARKER}\u2028x\r\n${OTHER_KEY}\r\n`
  ]) {
    const { form, list } = await parseKeyFile(text, FILE)
    t.equal(form, 'plain', shown(text))
    t.same([...list.keys.values()].map(({ digest }) => digest), [A.digest, B.digest], shown(text))
  }
  t.same(await digestsOf(`${KEY}#1`), [createApiKey(`${KEY}#1`).digest], 'a # within a key is of the key')
})

t.test('a plain list names the line of what is no key, or weak', async t => {
  t.match(await rejection(parseKeyFile(`${KEY}\n\n${MARKER} b`, FILE)), {
    code: 'FST_DBGPT_AUTH_KEY_INVALID', message: new RegExp(`^Line 3 of keys (?!.*${MARKER})`)
  })
  t.same((await parseKeyFile(`# weak\n${KEY},dbgpt`, FILE)).list.weaknesses, ['Line 2 of keys is a placeholder'])
})

t.test('a plain list without a key is refused', async t => {
  for (const text of ['', '\n', ' , ', '# nothing\n']) {
    t.match(await rejection(parseKeyFile(text, FILE)), { code: 'FST_DBGPT_AUTH_KEYS_EMPTY' }, shown(text))
  }
})

t.test('JSON is read however it is laid out', async t => {
  const keys = [A, B]
  const [a, b] = [JSON.stringify(A), JSON.stringify(B)]
  for (const text of [
    serializeKeyFile(keys), JSON.stringify({ keys }), JSON.stringify({ keys }, null, 2), `\n ${JSON.stringify({ keys }, null, '\t')}\n\n`,
    JSON.stringify({ keys: [...keys, ...keys] }), serializeKeyFile(keys).replaceAll('\n', '\r\n'), `\ufeff${serializeKeyFile(keys)}`,
    JSON.stringify({ keys }, null, 2).replaceAll('\n', '\r\n'), JSON.stringify({ keys }, null, 2).replace(/^ +/gm, ''),
    `{"keys":[${a},\n${b}]}`, `{"keys":[\n${a}\n,\n${b}\n]}`, `{"keys":[\n${a},\n\n${a}, ${b}\n]}`, `{"keys":[\n\u00a0${a},\u00a0\n${b}\n]}`
  ]) {
    const { form, list } = await parseKeyFile(text, FILE)
    t.equal(form, 'json', shown(text))
    t.strictSame([...list.keys.values()], keys, shown(text))
  }
})

t.test('JSON may hold no key', async t => {
  for (const text of ['{"keys":[]}', '{ "keys": [\n] }\n', serializeKeyFile([])]) t.same(await digestsOf(text), [], shown(text))
})

const date = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter(text => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text))
const metadata = fc.dictionary(fc.string().filter(key => key !== '__proto__'), fc.jsonValue())
  .map(value => JSON.parse(JSON.stringify(value)))
const record = fc.tuple(fc.stringMatching(/^[0-9a-f]{64}$/), fc.record({
  name, createdAt: date, expiresAt: date, metadata
}, { requiredKeys: [] })).map(([digest, details]) => createApiKey({ digest, ...details }))
const records = fc.uniqueArray(record, { maxLength: 8, selector: ({ id }) => id })

t.test('what is written is read again, as it stands and pretty-printed', async t => {
  const indentation = fc.constantFrom(undefined, 1, 2, '\t')
  const lineEnd = fc.constantFrom('\n', '\r\n')
  await fc.assert(fc.asyncProperty(records, indentation, lineEnd, async (keys, space, end) => {
    for (const text of [serializeKeyFile(keys), JSON.stringify({ keys }, null, space)]) {
      const { list } = await parseKeyFile(text.replaceAll('\n', end), FILE)
      t.strictSame([...list.keys.values()], keys, 'the records')
    }
  }), { numRuns: 200 })
})

t.test('any blanks that JSON allows, wherever it allows them, make no difference', async t => {
  const blanks = fc.infiniteStream(fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 3 }))
  await fc.assert(fc.asyncProperty(records, blanks, async (keys, blank) => {
    const text = JSON.stringify({ keys }).replace(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g, token =>
      `${blank.next().value}${token}${blank.next().value}`)
    const { list } = await parseKeyFile(text, FILE)
    t.strictSame([...list.keys.values()], keys, 'the records')
  }), { numRuns: 200 })
})

t.test('JSON that is cut short anywhere, or goes on after its end, is refused without a word of it', async t => {
  const keys = [createApiKey({ digest: A.digest, name: `${MARKER}]}`, metadata: { a: [{ b: `${MARKER}]}` }] } }), B]
  for (const whole of [serializeKeyFile(keys).trim(), JSON.stringify({ keys }), JSON.stringify({ keys }, null, 2)]) {
    const cuts = Array.from({ length: whole.length - 1 }, (_, length) => whole.slice(0, length + 1))
    for (const text of [...cuts, `${whole}}`, `${whole},`, `${whole}${whole}`, `${whole}${MARKER}`]) {
      const error = await rejection(parseKeyFile(text, FILE))
      t.match(error, { code: 'FST_DBGPT_AUTH_KEY_FILE_INVALID', message: /^Line \d+ of keys: / }, shown(text))
      t.notMatch(error.message, MARKER, shown(text))
    }
  }
})

const stored = (fields: object): string => JSON.stringify({ ...JSON.parse(JSON.stringify(A)), ...fields })

t.test('faulty JSON is refused by its line or its number, without a word of it', async t => {
  const [a, b] = [stored({}), JSON.stringify(B)]
  const faults: readonly (readonly [json: string, place: string, problem?: RegExp])[] = [
    ['{', 'Line 1'], ['{}', 'Line 1'], ['[]', 'Line 1'], [`[${b}]`, 'Line 1', /must be \{/], [` "${MARKER}"`, 'Line 1'],
    ['{"keys":{}}', 'Line 1'], ['{"keys":[1]}', 'Line 1'], ['{"keys":["x"]}', 'Line 1'], ['{"keys":[[]]}', 'Line 1'],
    ['{"keys":[]', 'Line 1'], ['{"keys":[]}}', 'Line 1'], ['{"keys":[,]}', 'Line 1'], [`{"keys":[${b},]}`, 'Line 1'], [`{"keys":[,${b}]}`, 'Line 1'],
    [`{"keys":[],"more":"${MARKER}"}`, 'Line 1'], [`{"keys":[],"more":["${MARKER}"]}`, 'Line 1'], [`{"more":[],"keys":[${b}]}`, 'Line 1'],
    [`{"keys":[${b}],"keys":[${b}]}`, 'Line 1'], [`{"keys":[\n${b}\n],"keys":[\n${b}\n]}`, 'Line 2'], [`{"keys":[${b}],[${b}]}`, 'Line 1'],
    ['{\n"keys":\n[', 'Line 3', /cut short/], [`{"keys":[\n\n${a.slice(0, -1)}`, 'Line 3', /cut short/], [`{"keys":[\n${stored({ name: `${MARKER}"` })}`, 'Line 2'],
    ['{"keys":[\n{"name":"\\', 'Line 2'], [`{"keys":[\n${a},\n]}`, 'Line 3', /not valid JSON/],
    [`{"keys":[\n${a}\n${a}\n]}`, 'Line 2', /begins here/], [`{"keys":[\n${a},\n${a}\n${a}\n]}`, 'Line 3'], [`{"keys":[\n${a},\n{"digest":${MARKER}}\n]}`, 'Line 3', /not valid JSON/],
    [JSON.stringify({ keys: [A, B, B] }, null, 2).replace(`"${B.digest}"`, MARKER), 'Line 13', /not valid JSON/],
    [JSON.stringify({ keys: [A, { ...B, key: MARKER }, B] }, null, 2), 'Line 13'],
    [`{"keys":[${b},${stored({ name: 7 })},${b}]}`, 'Key 2', /name/], [`{"keys":[\n${b},\n${b},${stored({ name: 7 })}\n]}`, 'Key 3', /name/],
    [`{"keys":[\n${a},\n{"digest":"${MARKER}"}\n]}`, 'Line 3', /digest/], [`{"keys":[\n${a},\n"${MARKER}",\n${a}\n]}`, 'Key 2'],
    [`{"keys":[\n${stored({ id: '0'.repeat(16) })}\n]}`, 'Line 2', /"id"/], [`{"keys":[\n${stored({ digest: undefined })}\n]}`, 'Line 2', /digest/],
    [`{"keys":[\n${stored({ key: MARKER })}\n]}`, 'Line 2'], [`{"keys":[\n${stored({ name: 7 })},\n${b}\n]}`, 'Line 2', /name/],
    [`{"keys":[\n${stored({ name: '' })}\n]}`, 'Line 2', /name/], [`{"keys":[\n${stored({ expiresAt: 'tomorrow' })}\n]}`, 'Line 2', /expiresAt/],
    [`{"keys":[\n${stored({ expiresAt: 7 })}\n]}`, 'Line 2', /expiresAt/], [`{"keys":[\n${stored({ expiresAt: '2030-99-01T00:00:00Z' })}\n]}`, 'Line 2'],
    [`{"keys":[\n${stored({ metadata: [] })}\n]}`, 'Line 2', /metadata/], [`{"keys":[\n${a},\n${stored({ name: 'other' })}\n]}`, 'Line 3', /other details/],
    [`{"keys":[\n{"__proto__":${b}}\n]}`, 'Line 2'], [`{"keys":[{"digest":"${A.digest}","metadata":{"a":1e999}}]}`, 'Line 1', /metadata/]
  ]
  for (const [json, place, problem = /./] of faults) {
    const error = await rejection(parseKeyFile(json, FILE))
    t.match(error, { code: /^FST_DBGPT_AUTH_KEY_(FILE_)?INVALID$/, message: problem }, shown(json))
    t.match(error.message, new RegExp(`^${place} of keys`), shown(json))
    t.notMatch(error.message, MARKER, shown(json))
  }
})

t.test('a long file is read in slices', async t => {
  const keys: ApiKey[] = Array.from({ length: 20_000 }, (_, index) => createApiKey(`${KEY}${index}`))
  let turns = 0
  let reading = true
  const turn = (): void => {
    turns++
    if (reading) setImmediate(turn)
  }
  setImmediate(turn)
  const { list } = await parseKeyFile(serializeKeyFile(keys), FILE)
  reading = false
  t.equal(list.keys.size, 20_000)
  t.ok(turns > 2, 'other work ran in between')
})
