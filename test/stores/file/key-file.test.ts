import fc from 'fast-check'
import t from 'tap'
import { type ApiKey, createApiKey } from '../../../lib/index.ts'
import { parseKeyFile, serializeKeyFile } from '../../../lib/stores/file/key-file.ts'
import { KEY, MARKER, OTHER_KEY, rejection } from '../../support/app.ts'

const FILE = 'keys'
const A = createApiKey({ key: KEY, name: 'billing', createdAt: new Date(1e12), expiresAt: new Date(2e12), metadata: { a: '{"}' } })
const B = createApiKey(OTHER_KEY)

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
    t.equal(form, 'plain')
    t.same(Array.from(list.keys.values(), ({ digest }) => digest), [A.digest, B.digest])
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
    t.match(await rejection(parseKeyFile(text, FILE)), { code: 'FST_DBGPT_AUTH_KEYS_EMPTY' })
  }
})

t.test('JSON is read however it is laid out', async t => {
  const keys = [A, B]
  for (const text of [
    serializeKeyFile(keys), JSON.stringify({ keys }), JSON.stringify({ keys }, null, 2), `\n ${JSON.stringify({ keys }, null, '\t')}\n\n`,
    JSON.stringify({ keys: [...keys, ...keys] })
  ]) {
    const { form, list } = await parseKeyFile(text, FILE)
    t.equal(form, 'json')
    t.strictSame([...list.keys.values()], keys)
  }
})

t.test('JSON may hold no key', async t => {
  for (const text of ['{"keys":[]}', '{ "keys": [\n] }\n', serializeKeyFile([])]) t.same(await digestsOf(text), [])
})

t.test('what is written is read again', async t => {
  const date = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter(text => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text))
  const metadata = fc.dictionary(fc.string().filter(key => key !== '__proto__'), fc.jsonValue())
    .map(value => JSON.parse(JSON.stringify(value)))
  const record = fc.tuple(fc.stringMatching(/^[0-9a-f]{64}$/), fc.record({
    name, createdAt: date, expiresAt: date, metadata
  }, { requiredKeys: [] })).map(([digest, details]) => createApiKey({ digest, ...details }))
  await fc.assert(fc.asyncProperty(fc.uniqueArray(record, { maxLength: 8, selector: ({ id }) => id }), async keys => {
    const { list } = await parseKeyFile(serializeKeyFile(keys), FILE)
    t.strictSame([...list.keys.values()], keys)
  }), { numRuns: 200 })
})

const stored = (fields: object): string => JSON.stringify({ ...JSON.parse(JSON.stringify(A)), ...fields })

t.test('faulty JSON is refused by its line, without a word of it', async t => {
  const faults: readonly (readonly [string, number, RegExp?])[] = [
    ['{', 1], ['{}', 1], ['[]', 1], [`[{"digest":"${A.digest}"}]`, 1, /must be \{/], [` "${MARKER}"`, 1], ['{"keys":{}}', 1], ['{"keys":[1]}', 1], ['{"keys":["x"]}', 1], ['{"keys":[]', 1], ['{"keys":[]}}', 1],
    [`{"keys":[],"more":"${MARKER}"}`, 1], ['{\n"keys":\n[', 3],
    [`{"keys":[\n${stored({})}\n${stored({})}\n]}`, 3], [`{"keys":[\n${stored({})},\n]}`, 3],
    [`{"keys":[\n${stored({})},\n{"digest":"${MARKER}"}\n]}`, 3, /digest/], [`{"keys":[\n${stored({})},\n{"digest":${MARKER}}\n]}`, 3, /not valid JSON/],
    [`{"keys":[\n\n${stored({}).slice(0, -1)}`, 3], [`{"keys":[\n${stored({ name: `${MARKER}"` })}`, 2], ['{"keys":[\n{"name":"\\', 2],
    [`{"keys":[\n${stored({ id: '0'.repeat(16) })}\n]}`, 2, /"id"/], [`{"keys":[\n${stored({ digest: undefined })}\n]}`, 2, /digest/],
    [`{"keys":[\n${stored({ key: MARKER })}\n]}`, 2, /additional/], [`{"keys":[\n${stored({ name: 7 })}\n]}`, 2, /name/],
    [`{"keys":[\n${stored({ name: '' })}\n]}`, 2, /name/], [`{"keys":[\n${stored({ expiresAt: 'tomorrow' })}\n]}`, 2, /expiresAt/],
    [`{"keys":[\n${stored({ expiresAt: null })}\n]}`, 2, /expiresAt/], [`{"keys":[\n${stored({ expiresAt: '2030-99-01T00:00:00Z' })}\n]}`, 2],
    [`{"keys":[\n${stored({ metadata: [] })}\n]}`, 2, /metadata/], [`{"keys":[\n${stored({})},\n${stored({ name: 'other' })}\n]}`, 3, /other details/],
    [`{"keys":[\n{"__proto__":{"digest":"${A.digest}"}}\n]}`, 2]
  ]
  for (const [json, line, problem = /./] of faults) {
    const error = await rejection(parseKeyFile(json, FILE))
    t.match(error.code, /^FST_DBGPT_AUTH_KEY_(FILE_)?INVALID$/)
    t.match(error.message, new RegExp(`^Line ${line} of keys`), json.slice(0, 30).replace(MARKER, '…'))
    t.match(error.message, problem)
    t.notMatch(error.message, MARKER)
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
