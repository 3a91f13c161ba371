import fc from 'fast-check'
import t from 'tap'
import { parseAuthorization, parseToken } from '../../lib/guard/credentials.ts'
import { MALFORMED, MISSING } from '../../lib/guard/rejection.ts'

const LONGEST = 'x'.repeat(512)

const accepted: readonly (readonly [string, string])[] = [
  ['Bearer key', 'key'],
  ['bearer key', 'key'],
  ['BEARER key', 'key'],
  ['bEaReR key', 'key'],
  ['Bearer  key', 'key'],
  ['Bearer      key', 'key'],
  ['Bearer "key"', '"key"'],
  ['Bearer key;x=1', 'key;x=1'],
  ['Bearer k1,k2', 'k1,k2'],
  ['Bearer !~', '!~'],
  ['Bearer Bearer', 'Bearer'],
  [`Bearer ${LONGEST}`, LONGEST],
  [`Bearer   ${LONGEST}`, LONGEST]
]

const missing = [
  undefined, '', ' ', 'key', 'Basic dXNlcjpwYXNz', 'Bearerkey', 'Bearer-Token key', 'Bearer1 key', 'Token Bearer', ' Bearer key',
  '\tBearer key', '\u00a0Bearer key', 'Bear er', 'X'.repeat(8192), '__proto__', 'constructor'
]

const malformed = [
  'Bearer', 'bearer', 'Bearer ', 'Bearer    ', 'Bearer\tkey', 'Bearer \tkey', 'Bearer key\t', 'Bearer key ', 'Bearer a b',
  'Bearer key; x=1', 'Bearer key\u00a0', 'Bearer \u00a0key', 'Bearer\u00a0key', 'Bearer kéy', 'Bearer 密钥', 'Bearer k\0y',
  'Bearer k\x7fy', 'Bearer k\ny', 'Bearer key\n', 'Bearer,key', 'Bearer="key"', `Bearer ${LONGEST}x`,
  `Bearer ${'x'.repeat(8192)}`
]

t.test('a scheme, spaces and a token are credentials', async t => {
  for (const [value, token] of accepted) t.equal(parseAuthorization(value), token)
})

t.test('no header or another scheme is no credentials', async t => {
  for (const value of missing) t.equal(parseAuthorization(value), MISSING, JSON.stringify(value)?.slice(0, 40))
})

t.test('Bearer without a well-formed token is malformed', async t => {
  for (const value of malformed) t.equal(parseAuthorization(value), MALFORMED, JSON.stringify(value).slice(0, 40))
})

t.test('for any text, the token is what a plain reading of the grammar says', async () => {
  const near = fc.tuple(
    fc.constantFrom('Bearer', 'bearer', 'BEARER', 'Basic', 'Bearers', ''),
    fc.stringMatching(/^[ \t\u00a0]{0,3}$/),
    fc.string({ unit: 'binary-ascii', maxLength: 600 }),
    fc.constantFrom('', ' ', '\t', '\u00a0', 'x'.repeat(505))
  ).map(parts => parts.join(''))
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), near), value => {
    const [scheme, ...rest] = value.split(' ')
    const token = rest.at(-1) ?? ''
    const good = scheme?.toLowerCase() === 'bearer' && rest.slice(0, -1).every(part => part === '') &&
      token.length >= 1 && token.length <= 512 && [...token].every(character => character >= '!' && character <= '~')
    const parsed = parseAuthorization(value)
    return good ? parsed === token : parsed === MISSING || parsed === MALFORMED
  }), { numRuns: 5000 })
})

t.test('a token that came by another way is held to the same grammar', async t => {
  for (const [, token] of accepted) t.equal(parseToken(token), token)
  for (const value of ['', ' key', 'key ', 'a b', 'k\ny', 'kéy', `${LONGEST}x`, [], ['key'], 7, true, {}, null]) {
    t.equal(parseToken(value), MALFORMED)
  }
})
