import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { digestOf, idOf, isDigest } from '../../lib/keys/digest.ts'
import { KEY } from '../support/app.ts'

const DIGEST = createHash('sha256').update(KEY).digest('hex')

t.test('the digest is SHA-256 for any key', async t => {
  t.equal(digestOf(KEY), DIGEST)
  fc.assert(fc.property(fc.stringMatching(/^[!-~]{1,512}$/), text =>
    digestOf(text) === createHash('sha256').update(text).digest('hex') && isDigest(digestOf(text))))
})

t.test('a digest is told from what only looks like one', async t => {
  t.equal(idOf(DIGEST), DIGEST.slice(0, 16))
  t.ok(isDigest(DIGEST))
  for (const value of [DIGEST.toUpperCase(), DIGEST.slice(1), `${DIGEST}\n`, 7, null, [DIGEST]]) t.notOk(isDigest(value), String(value))
})
