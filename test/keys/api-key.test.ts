import { createHash } from 'node:crypto'
import t from 'tap'
import { type ApiKeyInit, createApiKey } from '../../lib/index.ts'
import { isDigestText } from '../../lib/keys/api-key.ts'
import { digestOf } from '../../lib/keys/digest.ts'
import { KEY, MARKER } from '../support/app.ts'
import { shown } from '../support/shown.ts'

const DIGEST = createHash('sha256').update(KEY).digest('hex')
const INVALID = { code: 'FST_DBGPT_AUTH_KEY_INVALID' }

t.test('a record holds the digest and not the text', async t => {
  for (const init of [KEY, { key: KEY }, { digest: DIGEST }, `sha256:${DIGEST}`, `SHA256:${DIGEST.toUpperCase()}`]) {
    t.same(createApiKey(init), {
      id: DIGEST.slice(0, 16),
      digest: DIGEST,
      name: undefined,
      createdAt: undefined,
      expiresAt: undefined,
      metadata: undefined,
      scopes: undefined
    }, shown(init))
  }
  t.notMatch(JSON.stringify(createApiKey({ key: KEY, name: 'billing' })), MARKER)
})

t.test('a record keeps its details, and nothing of the object it was made from', async t => {
  const init = {
    key: KEY,
    name: '计费 billing',
    createdAt: new Date(1e12),
    expiresAt: new Date(2e12),
    metadata: { plan: { seats: [1, 2] }, note: null },
    scopes: ['b', 'a', 'b']
  }
  const record = createApiKey(init)
  t.match(record, { name: init.name, createdAt: init.createdAt, expiresAt: init.expiresAt })
  t.strictSame(record.metadata, init.metadata)
  t.strictSame(record.scopes, ['b', 'a'], 'each once, in order')
  init.expiresAt.setTime(9e12)
  init.metadata.plan.seats.push(3)
  init.scopes.length = 0
  t.equal(record.expiresAt?.getTime(), 2e12)
  t.same(record.metadata, { plan: { seats: [1, 2] }, note: null })
  t.same(record.scopes, ['b', 'a'])
  t.notOk(Object.isFrozen(init) || Object.isFrozen(init.metadata) || Object.isFrozen(init.scopes) || Object.isFrozen(init.expiresAt), 'options are not changed')
})

t.test('a record is frozen through and through, dates included', async t => {
  const record = createApiKey({ key: KEY, expiresAt: new Date(2e12), metadata: { plan: { seats: [1] } }, scopes: ['a'] })
  const { plan } = record.metadata as { plan: { seats: number[] } }
  t.throws(() => { (record as { name?: string }).name = 'x' }, TypeError)
  t.throws(() => { (record.metadata as Record<string, unknown>).plan = 'x' }, TypeError)
  t.throws(() => plan.seats.push(2), TypeError)
  t.throws(() => { (record.scopes as string[]).push('b') }, TypeError)
  const expiresAt = record.expiresAt as Date
  t.throws(() => expiresAt.setTime(9e12), TypeError)
  t.throws(() => expiresAt.setUTCFullYear(9999), TypeError)
  t.throws(() => { expiresAt.setTime = () => 0 }, TypeError)
  t.equal(expiresAt.getTime(), 2e12)
  t.same(expiresAt, new Date(2e12))
  t.same(structuredClone(record), record, 'it is still an ordinary value')
  t.equal(JSON.parse(JSON.stringify(record)).expiresAt, new Date(2e12).toISOString())
})

t.test('null in a detail is undefined', async t => {
  const init = { name: null, createdAt: null, expiresAt: null, metadata: null, scopes: null }
  t.strictSame(createApiKey({ key: KEY, ...init }), createApiKey(KEY))
})

t.test('a record of a record is the same', async t => {
  const record = createApiKey({ key: KEY, name: 'billing', expiresAt: new Date(2e12), metadata: { a: 1 }, scopes: [] })
  t.strictSame(createApiKey(record), record)
  t.throws(() => createApiKey({ ...record, id: '0'.repeat(16) } as ApiKeyInit), { ...INVALID, message: /"id" must be/ })
})

t.test('details out of their bounds are refused by the field\'s name', async t => {
  const cyclic: Record<string, unknown> = {}
  cyclic.self = cyclic
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ name: '' }, /"name"/], [{ name: 7 }, /"name"/], [{ name: 'a\nb' }, /"name"/],
    [{ name: '\x1b[31m' }, /"name"/], [{ name: 'x'.repeat(201) }, /"name"/],
    [{ expiresAt: '2030-01-01' }, /"expiresAt"/], [{ expiresAt: 1e12 }, /"expiresAt"/],
    [{ expiresAt: new Date('never') }, /"expiresAt"/], [{ createdAt: new Date(NaN) }, /"createdAt"/],
    [{ metadata: 'x' }, /"metadata"/], [{ metadata: [] }, /"metadata"/],
    [{ metadata: { at: new Date(0) } }, /"metadata"/], [{ metadata: { f () {} } }, /"metadata"/],
    [{ metadata: { u: undefined } }, /"metadata"/], [{ metadata: { n: NaN } }, /"metadata"/],
    [{ metadata: { big: 1n } }, /"metadata"/], [{ metadata: cyclic }, /"metadata"/], [{ metadata: new Map() }, /"metadata"/],
    [{ scopes: 'a' }, /"scopes" must be an array of at most 50 scopes/], [{ scopes: ['a b'] }, /"scopes"/], [{ scopes: [''] }, /"scopes"/],
    [{ expires: new Date(1e12) }, /no field "expires"/], [{ [KEY]: 'billing' }, /there is no field: there are id, key, digest, name,(?!.*PLAINTEXT)/]
  ]
  for (const [details, message] of cases) {
    t.throws(() => createApiKey({ key: KEY, ...details } as ApiKeyInit), { ...INVALID, message }, String(message))
  }
})

t.test('an error calls the key what it is told to, or "The key"', async t => {
  t.throws(() => createApiKey('a b'), { ...INVALID, message: /^The key is not a valid API key/ })
  t.throws(() => createApiKey('a b', 'Line 3'), { ...INVALID, message: /^Line 3 is not a valid API key/ })
})

t.test('a key may have every visible character but the comma, and 512 of them', async t => {
  const all = Array.from({ length: 94 }, (_, index) => String.fromCharCode(0x21 + index)).join('').replace(',', '')
  t.equal(createApiKey(all).digest, digestOf(all))
  t.equal(createApiKey('x'.repeat(512)).digest, digestOf('x'.repeat(512)))
  for (const bad of ['', 'x'.repeat(513), 'a,b', 'a b', 'a\x7f', 'é']) t.throws(() => createApiKey(bad), INVALID, shown(bad))
})

t.test('a digest is told from a key by what stands before it', async t => {
  for (const value of ['sha256:', 'sha256:x', 'Sha256:x']) t.ok(isDigestText(value), value)
  for (const value of ['sha256', 'xsha256:', 'sha512:']) t.notOk(isDigestText(value), value)
})
