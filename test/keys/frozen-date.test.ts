import t from 'tap'
import { FrozenDate } from '../../lib/keys/frozen-date.ts'

t.test('a frozen date is a date that nobody can set', async t => {
  const date = new FrozenDate(new Date(1e12))
  t.same(date, new Date(1e12))
  t.equal(date.toISOString(), '2001-09-09T01:46:40.000Z')
  t.ok(Object.isFrozen(date))
  const setters = Object.getOwnPropertyNames(Date.prototype).filter(name => name.startsWith('set'))
  t.ok(setters.length > 10)
  for (const name of setters) t.throws(() => date[name as 'setTime'](0), { message: /use the key store/ }, name)
  t.equal(date.getTime(), 1e12)
})
