import fc from 'fast-check'
import t from 'tap'
import { meantBy, nearest } from '../../lib/config/nearest.ts'
import { shown } from '../support/shown.ts'

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

const KNOWN = ['name', 'expires', 'metadata', 'dry-run', 'store', 'stdin', 'all', 'help']

t.test('a name that is mistyped or cut short is near to what was meant', async t => {
  const cases = [
    ['expires', 'exprires', 'expire'], ['name', 'nme', 'nmae', 'names'], ['dry-run', 'dryrun', 'dry_run'], ['metadata', 'meta'],
    ['store', 'stor'], ['all', 'al', 'al1']
  ] as const
  for (const [meant, ...names] of cases) for (const name of names) t.equal(meantBy(name, KNOWN), meant, shown(name))
})

t.test('what is something else is near to nothing', async t => {
  for (const name of ['', 'x', 'ttl', 'verbose', 'st', 'quiet', '__proto__', 'expires'.repeat(1000)]) {
    t.equal(meantBy(name, KNOWN), undefined, shown(name))
  }
  t.equal(meantBy('name', []), undefined)
})

t.test('each known name is nearest to itself, and one wrong letter does not change that of a long one', async t => {
  fc.assert(fc.property(fc.constantFrom(...KNOWN), name => {
    t.equal(meantBy(name, KNOWN), name, name)
  }))
  fc.assert(fc.property(fc.constantFrom('expires', 'metadata', 'dry-run'), fc.nat(6), (name, at) => {
    t.equal(meantBy(`${name.slice(0, at)}#${name.slice(at + 1)}`, KNOWN), name, `${name} ${at}`)
  }))
})
