import fc from 'fast-check'
import t from 'tap'
import { createApiKey, generateApiKey, hashApiKey, isMistypedApiKey } from '../../lib/index.ts'
import { holdsGeneratedKey, isDamagedApiKey } from '../../lib/keys/generate.ts'
import { weaknessOf } from '../../lib/keys/weak-key.ts'
import { KEY } from '../support/app.ts'
import { shown } from '../support/shown.ts'

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** CRC-32/ISO-HDLC by its definition: reflected polynomial 0xEDB88320. */
function crc32 (text: string): number {
  let crc = 0xffffffff
  for (const byte of Buffer.from(text)) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}

t.test('a generated key has its prefix, 40 random characters and their checksum', async t => {
  t.equal(crc32('123456789'), 0xcbf43926, 'the check value of the CRC catalogue')
  for (let count = 0; count < 200; count++) {
    const key = generateApiKey()
    t.match(key, /^dbgpt_[0-9A-Za-z]{46}$/, shown(count))
    const sum = [...key.slice(-6)].reduce((value, digit) => value * 62 + BASE62.indexOf(digit), 0)
    t.equal(sum, crc32(key.slice(0, -6)), shown(count))
    t.equal(isMistypedApiKey(key), false, shown(count))
    t.equal(weaknessOf(key), undefined, shown(count))
  }
})

t.test('generated keys differ, and use every character', async t => {
  const keys = Array.from({ length: 500 }, generateApiKey)
  t.equal(new Set(keys).size, 500)
  t.equal(new Set(keys.map(key => key.slice(6, 46)).join('')).size, 62)
})

t.test('any one mistake in a generated key is told', async () => {
  const character = fc.constantFrom(...BASE62)
  fc.assert(fc.property(fc.nat({ max: 45 }), character, fc.boolean(), (offset, other, swap) => {
    const key = generateApiKey()
    const index = 6 + offset
    const mistyped = swap && index < 51
      ? key.slice(0, index) + key.charAt(index + 1) + key.charAt(index) + key.slice(index + 2)
      : key.slice(0, index) + other + key.slice(index + 1)
    return isMistypedApiKey(mistyped) === (mistyped !== key)
  }), { numRuns: 2000 })
})

t.test('what does not look generated is not judged', async t => {
  for (const key of ['', 'dbgpt', KEY, generateApiKey().slice(1), `${generateApiKey()}0`, `dbgpt_${'-'.repeat(46)}`]) {
    t.equal(isMistypedApiKey(key), false, shown(key))
  }
})

t.test('what was a generated key is told from others, though it was cut, lengthened, mistyped or put in another case', async t => {
  const key = generateApiKey()
  const damaged = [key.slice(0, -1), key.slice(0, -20), `${key}0`, `${key}.`, `${key.slice(0, 20)}${key.slice(21)}`, key.toUpperCase(), key.slice(0, -6) + '000000']
  for (const [index, text] of damaged.entries()) t.equal(isDamagedApiKey(text), true, `${index}`)
  for (const text of ['', 'dbgpt', KEY, key, key.slice(1), key.slice(0, 20), key + key, `${key}..`]) t.equal(isDamagedApiKey(text), false, shown(text))
})

t.test('a hashed key can be listed in its place', async t => {
  t.match(hashApiKey(KEY), /^sha256:[0-9a-f]{64}$/)
  t.same(createApiKey(hashApiKey(KEY)), createApiKey(KEY))
})

t.test('a generated key is found in any text, mistyped or not', async t => {
  const key = generateApiKey()
  for (const text of [key, `Bearer ${key}`, `{"key":"${key}"}`, `${key}x`, `${key.slice(0, -6)}000000`]) t.ok(holdsGeneratedKey(text))
  for (const text of ['', 'billing', 'dbgpt_', key.slice(1), key.slice(0, -1), key.replace('_', '-')]) t.notOk(holdsGeneratedKey(text))
})
