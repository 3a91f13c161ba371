import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { parseUsage, serializeUsage } from '../../../lib/stores/file/usage-text.ts'

t.test('what is written is read as it was, whatever the ids', async t => {
  const tally = fc.record({ count: fc.nat(), lastUsedAt: fc.integer({ min: 0, max: 8.64e15 }) })
  const entries = fc.array(fc.tuple(fc.oneof(fc.string({ unit: 'binary' }), fc.constant('__proto__')), tally))
  await fc.assert(fc.asyncProperty(entries, async entries => {
    const tallies = new Map(entries)
    const read = await parseUsage(await serializeUsage(tallies))
    return isDeepStrictEqual(read, new Map([...tallies].map(([id, tally]) => [id, { ...tally }])))
  }), { numRuns: 30 })
  t.pass()
})

t.test('a key has a line', async t => {
  const text = await serializeUsage(new Map([['a', { count: 12, lastUsedAt: 0 }], ['b', { count: 1, lastUsedAt: 1 }]]))
  t.equal(text, [
    '{"version":1,"keys":{', '"a":{"count":12,"lastUsedAt":"1970-01-01T00:00:00.000Z"},',
    '"b":{"count":1,"lastUsedAt":"1970-01-01T00:00:00.001Z"}', '}}', ''
  ].join('\n'))
  t.same(await parseUsage(await serializeUsage(new Map())), new Map())
})

t.test('what is cut short or something else is not read', async t => {
  const text = await serializeUsage(new Map([['a', { count: 12, lastUsedAt: 0 }]]))
  for (let length = 0; length < text.length - 1; length++) t.equal(await parseUsage(text.slice(0, length)), undefined, `${length} characters`)
  for (const json of [
    'null', '[]', '"a"', '{}', '{"version":1}', '{"version":"1","keys":{}}', '{"version":1,"keys":null}', '{"version":1,"keys":{"a":null}}',
    '{"version":1,"keys":{"a":{"count":1.5,"lastUsedAt":"1970-01-01T00:00:00.000Z"}}}', '{"version":1,"keys":{"a":{"count":1,"lastUsedAt":0}}}',
    '{"version":1,"keys":{"a":{"count":1,"lastUsedAt":"yesterday"}}}', '{"version":0,"keys":{}}',
    '{"version":1,"keys":{"a":{"count":-1,"lastUsedAt":"1970-01-01T00:00:00.000Z"}}}', '{"version":1,"keys":{\n"a":1\n}}\n',
    '{"version":1,"keys":{\n"a":{\n}}\n'
  ]) t.equal(await parseUsage(json), undefined, json)
})

t.test('lines are parsed one by one, and what others have written in other lines is read as well', async t => {
  const tallies = new Map(Array.from({ length: 1000 }, (_, index) => [`id ${index}`, { count: index, lastUsedAt: index }]))
  const text = await serializeUsage(tallies)
  const parses = t.capture(JSON, 'parse', JSON.parse)
  t.same(await parseUsage(text), tallies)
  t.ok(parses().every(({ args: [json] }) => String(json).length < 100))
  for (const space of [undefined, 2]) t.same(await parseUsage(JSON.stringify(JSON.parse(text), undefined, space)), tallies, `indented by ${space}`)
})

t.test('what a later version has written is told apart', async t => {
  await t.rejects(parseUsage('{"version":2,"usage":[]}'), { message: /of a format that this version does not know/ })
})

t.test('other work runs in between', async t => {
  const tallies = new Map(Array.from({ length: 50_000 }, (_, index) => [String(index), { count: index, lastUsedAt: index }]))
  let turns = 0
  const timer = setInterval(() => { turns++ }, 0)
  const read = await parseUsage(await serializeUsage(tallies))
  clearInterval(timer)
  t.equal(read?.size, tallies.size)
  t.ok(turns > 0)
})
