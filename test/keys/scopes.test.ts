import fc from 'fast-check'
import t from 'tap'
import { isScopes, MOST_SCOPES, takeScopes } from '../../lib/keys/scopes.ts'
import { shown } from '../support/shown.ts'

/** All characters of a scope token, RFC 6749 §3.3. */
const CHARACTERS = '!#$%&\'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~'
const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `s${index}`)

t.test('a list of scopes is an array of up to 50 tokens as RFC 6749 has them', async t => {
  for (const scopes of [[], ['a'], ['flows:read', 'flows:write'], [CHARACTERS], ['a,b'], many(MOST_SCOPES)]) {
    t.ok(isScopes(scopes), shown(scopes))
    t.strictSame(takeScopes(scopes), scopes, shown(scopes))
  }
  const sparse = ['a']
  sparse.length = 2
  const others = [
    undefined, null, 'a', 'a b', 7, true, {}, { length: 0 }, { 0: 'a', length: 1 }, new Set(['a']), ['a', 7], [null], [undefined], sparse, [['a']],
    [''], ['a b'], [' a'], ['a\t'], ['a"'], ['a\\'], ['é'], ['a', 'b\x7f'], [new String('a')], many(MOST_SCOPES + 1) // eslint-disable-line no-new-wrappers
  ]
  for (const other of others) {
    t.notOk(isScopes(other), encodeURI(shown(other)))
    t.equal(takeScopes(other), undefined, encodeURI(shown(other)))
  }
})

t.test('each character is judged as the grammar does', async t => {
  fc.assert(fc.property(fc.string({ unit: 'binary', minLength: 1 }), text => {
    return isScopes([text]) === [...text].every(character => CHARACTERS.includes(character))
  }), { numRuns: 300 })
  for (let code = 0; code < 0x100; code++) {
    const character = String.fromCharCode(code)
    t.equal(isScopes([character]), CHARACTERS.includes(character), `character ${code}`)
  }
})

t.test('what is taken is a frozen copy, in its order, each scope once', async t => {
  const given = ['b', 'a', 'b', ...many(48), 'a']
  const taken = takeScopes(given)
  t.strictSame(taken, ['b', 'a', ...many(48)])
  t.ok(Object.isFrozen(taken))
  t.notOk(Object.isFrozen(given))
  given.length = 0
  t.equal(taken?.length, 50)
})
