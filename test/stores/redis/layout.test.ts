import t from 'tap'
import fc from 'fast-check'
import { BEGINNING, isBefore, layoutOf } from '../../../lib/stores/redis/layout.ts'

t.test('the names have the prefix as their hash tag', async t => {
  t.same(layoutOf('dbgpt-auth'), {
    keys: '{dbgpt-auth}:keys',
    changes: '{dbgpt-auth}:changes',
    meta: '{dbgpt-auth}:meta',
    history: '{dbgpt-auth}:history',
    usage: '{dbgpt-auth}:usage'
  })
})

t.test('positions of the log are compared as the numbers that they are', async t => {
  const ascending = [BEGINNING, '0-1', '999-9', '1700000000000-0', '1700000000000-2', '1700000000000-10', '1700000000001-0']
  for (const [index, position] of ascending.entries()) {
    for (const [other, after] of ascending.entries()) t.equal(isBefore(position, after), index < other, `${position} ${after}`)
  }
  const position = fc.tuple(fc.nat(), fc.nat())
  fc.assert(fc.property(position, position, (a, b) => {
    return isBefore(a.join('-'), b.join('-')) === (a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]))
  }))
})
