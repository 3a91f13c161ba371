import fc from 'fast-check'
import t from 'tap'
import { nearest } from '../../lib/config/nearest.ts'
import { shown } from '../support/shown.ts'

const KNOWN = ['name', 'expires', 'metadata', 'dry-run', 'store', 'stdin', 'all', 'help']

t.test('a name that is mistyped or cut short is near to what was meant', async t => {
  const cases = [
    ['expires', 'exprires', 'expire'], ['name', 'nme', 'nmae', 'names'], ['dry-run', 'dryrun', 'dry_run'], ['metadata', 'meta'],
    ['store', 'stor'], ['all', 'al', 'al1']
  ] as const
  for (const [meant, ...names] of cases) for (const name of names) t.equal(nearest(name, KNOWN), meant, shown(name))
})

t.test('what is something else is near to nothing', async t => {
  for (const name of ['', 'x', 'ttl', 'verbose', 'st', 'quiet', '__proto__', 'expires'.repeat(1000)]) {
    t.equal(nearest(name, KNOWN), undefined, shown(name))
  }
  t.equal(nearest('name', []), undefined)
})

t.test('each known name is nearest to itself, and one wrong letter does not change that of a long one', async t => {
  fc.assert(fc.property(fc.constantFrom(...KNOWN), name => {
    t.equal(nearest(name, KNOWN), name, name)
  }))
  fc.assert(fc.property(fc.constantFrom('expires', 'metadata', 'dry-run'), fc.nat(6), (name, at) => {
    t.equal(nearest(`${name.slice(0, at)}#${name.slice(at + 1)}`, KNOWN), name, `${name} ${at}`)
  }))
})
