import t from 'tap'
import { addTallies } from '../../lib/stores/tally.ts'

t.test('tallies add up to the sum of their counts and the later of their times', async t => {
  const [a, b] = [{ count: 2, lastUsedAt: 1000 }, { count: 3, lastUsedAt: 900 }]
  t.same(addTallies(a, b), { count: 5, lastUsedAt: 1000 })
  t.same(addTallies(b, a), { count: 5, lastUsedAt: 1000 })
  t.same(addTallies(undefined, b), b)
  t.same(addTallies(a, undefined), a)
  t.equal(addTallies(undefined, undefined), undefined)
})
