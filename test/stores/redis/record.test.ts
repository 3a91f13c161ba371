import t from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import { readRecord } from '../../../lib/stores/redis/record.ts'
import { KEY, MARKER } from '../../support/app.ts'

const record = createApiKey({ key: KEY, name: 'billing', expiresAt: new Date(2e12) })

t.test('a record is read as it was stored', async t => {
  t.same(readRecord(record.id, JSON.stringify(record)), record)
  t.ok(Object.isFrozen(readRecord(record.id, JSON.stringify({ digest: record.digest }))))
})

t.test('what is no record of the id is refused, without a word of it', async t => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [`{"digest":"${MARKER}`, /not valid JSON/],
    [JSON.stringify({ digest: MARKER }), /64 hex digits/],
    [JSON.stringify({ ...record, name: '' }), /"name"/],
    [JSON.stringify(createApiKey('another')), /the record of another id/]
  ]
  for (const [json, message] of cases) {
    const error = t.throws(() => readRecord(record.id, json), { code: 'FST_DBGPT_AUTH_KEY_INVALID', message }, `${message}`) as Error
    t.notOk(error.message.includes(MARKER), `no key: ${message}`)
  }
})
