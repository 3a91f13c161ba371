import fc from 'fast-check'
import t from 'tap'
import { nearest } from '../../lib/config/nearest.ts'

t.test('the nearest name is the one that takes the fewest changes', async t => {
  const names = ['keys', 'mode', 'errorFormat', 'allowWeakKeys']
  for (const [name, expected] of [['kes', 'keys'], ['KEYS', 'keys'], ['modes', 'mode'], ['erorFormat', 'errorFormat'], ['allowWeak', 'allowWeakKeys']]) {
    t.equal(nearest(name as string, names), expected)
  }
})

t.test('a name is nearest to itself, and one changed letter of it as near as can be', async () => {
  const name = fc.stringMatching(/^[a-z]{3,12}$/)
  fc.assert(fc.property(fc.uniqueArray(name, { minLength: 1 }), fc.nat(), (names, index) => {
    const one = names[index % names.length] as string
    return nearest(one, names) === one && nearest(one.toUpperCase(), names) === one && nearest(`${one}x`, [`${one}yyyy`, one]) === one
  }))
})
