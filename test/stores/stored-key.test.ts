import t from 'tap'
import { createApiKey } from '../../lib/index.ts'
import { parseStoredKey } from '../../lib/stores/stored-key.ts'
import { KEY, MARKER } from '../support/app.ts'
import { shown } from '../support/shown.ts'

const invalid = (problem: string): Error => new Error(problem)

t.test('a record that was stored as JSON is read back whole', async t => {
  const record = createApiKey({
    key: KEY, name: '客户', createdAt: new Date(1e12), expiresAt: new Date(2e12), metadata: { plan: { seats: [] } }, scopes: ['a', 'b']
  })
  t.same(createApiKey(parseStoredKey(JSON.stringify(record), invalid)), record)
  t.same(parseStoredKey(JSON.stringify({ digest: record.digest }), invalid), { digest: record.digest })
})

t.test('what is no stored key is refused, without a word of it', async t => {
  const { digest } = createApiKey(KEY)
  const cases: readonly (readonly [string, RegExp])[] = [
    [`{"digest":${MARKER}}`, /not valid JSON/],
    ['null', /must be an object/],
    ['[]', /must be an object/],
    ['{}', /"digest"/],
    [JSON.stringify({ digest: null }), /"digest"/],
    [JSON.stringify({ digest, key: MARKER }), /fields than id, digest, name, .*, scopes, unless a newer version wrote it/],
    [JSON.stringify({ digest, [MARKER]: 1 }), /no other fields/],
    [`{"digest":"${digest}","__proto__":{"name":"x"}}`, /no other fields/],
    [JSON.stringify({ digest, expiresAt: MARKER }), /"expiresAt" must be/],
    [JSON.stringify({ digest, createdAt: 1 }), /"createdAt" must be/],
    [JSON.stringify({ digest, name: 7 }), /"name" is/],
    [JSON.stringify({ digest, metadata: MARKER }), /"metadata" must be/],
    [JSON.stringify({ digest, scopes: MARKER }), /"scopes" must be/],
    [JSON.stringify({ digest, scopes: [`${MARKER} x`] }), /"scopes" must be/]
  ]
  for (const [json, message] of cases) {
    const error = t.throws(() => createApiKey(parseStoredKey(json, invalid)), { message }, String(message)) as Error
    t.notOk(error.message.includes(MARKER), shown(json))
  }
})
