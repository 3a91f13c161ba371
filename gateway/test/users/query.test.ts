import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { queryAs } from '../../lib/users/query.ts'

const NAMES = ['user_name', 'user_id']

t.test('names the caller wherever somebody is named, and leaves the rest as it was written', async t => {
  for (const [query, said] of [
    ['user_name=bob', 'user_name=al'],
    ['user%5Fname=bob', 'user_name=al'],
    ['%75ser_%6eame=b%6fb&q=%2F+x&empty=', 'user_name=al&q=%2F+x&empty='],
    ['user_name=a&user_name=b&user_id=c', 'user_name=al&user_name=al&user_id=al'],
    ['a=1#&user_name=bob', 'a=1#&user_name=al'],
    ['user_name=a=b', 'user_name=al'],
    ['user_name=%', 'user_name=al'],
    ['user_name=+', 'user_name=al'],
    ['user_name=\xff', 'user_name=al']
  ] as const) t.equal(queryAs(query, 'al', NAMES), said, query)
})

t.test('leaves what names nobody, and what is no name', async t => {
  for (const query of [
    '', 'user_name', 'user_name=', 'User_Name=b', 'user_names=b', 'x=user_name=b', 'x=1;user_name=b', 'x=1%26user_name=b', '&&', '+user_name=b', '=b', '%=%zz'
  ]) t.equal(queryAs(query, 'al', NAMES), query, query)
})

t.test('puts in what is missing, in front of all else', async t => {
  for (const [query, said] of [
    ['', 'user_name=al'], ['page=1', 'user_name=al&page=1'], ['a=1#b&user_name=bob', 'user_name=al&a=1#b'], ['user_name&user_name=', 'user_name=al'],
    ['user_id=bob', 'user_name=al&user_id=al']
  ] as const) t.equal(queryAs(query, 'al', NAMES, ['user_name']), said, query)
})

t.test('whatever the query, it names nobody else, and says all else as before', async t => {
  const part = fc.oneof(fc.constantFrom('user_name', 'user%5fid', 'user_id', '=', '&', '#', '?', '%', '+', 'bob', ''), fc.string({ unit: 'binary' }))
  fc.assert(fc.property(fc.array(part, { maxLength: 12 }).map(parts => parts.join('')), fc.boolean(), (query, isPut) => {
    const before = [...new URLSearchParams(`&${query}`)]
    const after = [...new URLSearchParams(`&${queryAs(query, 'al', NAMES, isPut ? ['user_name'] : [])}`)]
    for (const [name, value] of after) if (NAMES.includes(name)) assert.ok(value === 'al' || (value === '' && !(isPut && name === 'user_name')))
    const others = (pairs: string[][]): string[][] => pairs.filter(([name = '']) => !NAMES.includes(name.replace(/^\?/, '')))
    assert.deepStrictEqual(others(after), others(before))
    if (isPut) assert.equal(after.filter(([name]) => name === 'user_name').length, 1)
  }), { numRuns: 500 })
  t.pass()
})
