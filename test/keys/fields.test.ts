import fc from 'fast-check'
import t from 'tap'
import { FIELDS, isValidDate } from '../../lib/keys/fields.ts'

t.test('dates are told from what only looks like them', async t => {
  t.ok(isValidDate(new Date(0)))
  for (const value of [new Date(NaN), 0, '2030-01-01', null, undefined, {}]) t.notOk(isValidDate(value), String(value))
})

t.test('what JSON makes of a field\'s value is taken back', async t => {
  const values = {
    name: 'billing', createdAt: new Date(1e12), expiresAt: new Date(2e12), metadata: { plan: { seats: [1] } }, scopes: ['a', 'b']
  }
  for (const [field, { take, revive }] of Object.entries(FIELDS)) {
    const json: unknown = JSON.parse(JSON.stringify(take(values[field as keyof typeof values])))
    t.same(take(revive === undefined ? json : revive(json)), values[field as keyof typeof values], field)
  }
})

t.test('every date that a record can hold is read back, or its whole list would be lost', async t => {
  const { revive, take } = FIELDS.expiresAt
  fc.assert(fc.property(fc.date({ noInvalidDate: true }), date => {
    t.equal(Number(take(revive?.(JSON.parse(JSON.stringify(take(date)))))), date.getTime(), date.toISOString())
  }))
})

t.test('a date in JSON is ISO 8601 with a time and a zone', async t => {
  const { revive, take } = FIELDS.expiresAt
  for (const text of ['2030-01-01T00:00Z', '2030-01-01T00:00:00Z', '2030-01-01T00:00:00.000+02:00']) {
    t.ok(take(revive?.(text)), text)
  }
  for (const json of ['2030-01-01', '2030-13-01T00:00Z', 'tomorrow', 'Jan 1 2030 00:00 Z', '', 1e12, null, true, {}, []]) {
    t.equal(take(revive?.(json)), undefined, JSON.stringify(json))
  }
})
