import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { jsonAs } from '../../lib/users/json.ts'

const NAMES = ['user_name', 'user_id']

t.test('names the caller wherever somebody is named, and leaves the rest as it was written', async t => {
  for (const [text, said] of [
    ['{"user_name":"bob"}', '{"user_name":"al"}'],
    [' { "a" : 12345678901234567890.0 , "user_name" : "b\\"ob" , "b":[1] } ', ' { "a" : 12345678901234567890.0 , "user_name" : "al" , "b":[1] } '],
    ['{"user_name":"a","user_name":"b","user_id":"c"}', '{"user_name":"al","user_name":"al","user_id":"al"}'],
    ['{"user\\u005fname":"bob","\\u0075ser_id":"bob"}', '{"user\\u005fname":"al","\\u0075ser_id":"al"}'],
    ['{"user_name":{"user_name":["}",{"a":"\\\\"}]},"z":1}', '{"user_name":"al","z":1}'],
    ['{"user_name":7,"user_id":true}', '{"user_name":"al","user_id":"al"}'],
    ['{"user_name":[],"user_id":{}}', '{"user_name":"al","user_id":"al"}'],
    ['{"user_name"\n:\t"bob"\r\n}', '{"user_name"\n:\t"al"\r\n}']
  ] as const) t.equal(jsonAs(text, 'al', NAMES), said, text)
})

t.test('leaves what names nobody, is no name, or is deeper', async t => {
  for (const text of [
    '{"user_name":null,"user_id":""}', '{"user_names":"b","User_Name":"b","_user_name":"b"}', '{"a":"user_name","b":"\\"user_name\\":\\"x\\""}',
    '{"a":{"user_name":"b"}}', '[{"user_name":"b"}]', '["user_name","b"]', '"user_name"', '12', 'null', '[]', '{}', ' {} '
  ]) t.equal(jsonAs(text, 'al', NAMES), text, text)
})

t.test('looks as deep as it is told', async t => {
  t.equal(jsonAs('{"user_name":{"user_name":"b"},"c":[{"user_id":"d"}]}', 'al', NAMES, [], 3), '{"user_name":"al","c":[{"user_id":"al"}]}')
  t.equal(jsonAs('{"flow":{"user_name":"b","c":{"user_name":"d"}}}', 'al', NAMES, [], 2), '{"flow":{"user_name":"al","c":{"user_name":"d"}}}')
})

t.test('puts in what is missing', async t => {
  for (const [text, said] of [
    ['{}', '{"user_name":"al"}'],
    [' { } ', '{"user_name":"al" } '],
    ['{"a":1}', '{"user_name":"al","a":1}'],
    ['{"user_name":null}', '{"user_name":"al"}'],
    ['{"user_name":"", "a":{"user_name":null}}', '{"user_name":"al", "a":{"user_name":null}}'],
    ['{"user_id":""}', '{"user_name":"al","user_id":""}'],
    ['[]', '[]'], ['null', 'null'], ['1', '1'], ['"x"', '"x"']
  ] as const) t.equal(jsonAs(text, 'al', NAMES, ['user_name']), said, text)
})

t.test('whatever the JSON, a parser reads the same but for the names', async t => {
  // Without escapes: Node 24 parses some names that have them as others; they are in the cases above.
  const key = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('user_name', 'user_id', '__proto__') }, fc.stringMatching(/^[^"\\\p{C}]{0,5}$/u))
  const { tree } = fc.letrec(tie => ({
    tree: fc.oneof({ maxDepth: 4 }, fc.jsonValue({ maxDepth: 0 }), fc.string({ unit: 'binary' }), fc.array(tie('tree')), tie('object')),
    object: fc.array(fc.tuple(key, tie('tree')), { maxLength: 6 }).map(entries => JSON.parse(JSON.stringify(Object.fromEntries(entries))))
  }))
  fc.assert(fc.property(tree, fc.constantFrom(undefined, 1, '\t'), fc.boolean(), (value, indent, isPut) => {
    const text = JSON.stringify(value, null, indent)
    const said: unknown = JSON.parse(jsonAs(text, 'al', NAMES, isPut ? ['user_name'] : []))
    assert.deepStrictEqual(said, expected(JSON.parse(text), isPut))
  }), { numRuns: 300 })
  t.pass()
})

t.test('a megabyte of brackets, quotes, blanks or names is read once', async t => {
  const nested = `${'['.repeat(400_000)}${']'.repeat(400_000)}`
  for (const [text, said] of [
    [nested, nested],
    [`{"user_name":${nested}}`, '{"user_name":"al"}'],
    [`{"user_name":"${'\\"'.repeat(400_000)}"}`, '{"user_name":"al"}'],
    [`{${' '.repeat(1_000_000)}"user_name":"b"}`, `{${' '.repeat(1_000_000)}"user_name":"al"}`],
    [`{"a":1${',"user_name":1'.repeat(50_000)}}`, `{"a":1${',"user_name":"al"'.repeat(50_000)}}`]
  ] as const) t.ok(jsonAs(text, 'al', NAMES) === said, text.slice(0, 30))
})

function expected (value: unknown, isPut: boolean): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value).map(([name, member]) => {
    const isNobody = member === null || member === ''
    return [name, NAMES.includes(name) && (!isNobody || (isPut && name === 'user_name')) ? 'al' : member] as const
  })
  return Object.fromEntries(isPut ? [['user_name', 'al'], ...entries] : entries)
}
