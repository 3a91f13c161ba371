import t from 'tap'
import fc from 'fast-check'
import { createApiKey } from '../../lib/index.ts'
import { KeyIndex } from '../../lib/keys/key-index.ts'
import { changesBetween, Deeds, limitOf, readEntry } from '../../lib/stores/history.ts'
import { KEY, MARKER, OTHER_KEY } from '../support/app.ts'
import { shown } from '../support/shown.ts'

const record = createApiKey({
  key: KEY, name: 'web', createdAt: new Date(1e12), expiresAt: new Date(2e12), metadata: { plan: 'secret' }, scopes: ['a']
})
const other = createApiKey(OTHER_KEY)

t.test('of an update it is told which details are others, from what to what, but of metadata what they are', async t => {
  const changed = createApiKey({ ...record, name: 'shop', expiresAt: undefined, metadata: { plan: 'other' }, scopes: [] })
  const changes = changesBetween(record, changed)
  t.same(JSON.parse(JSON.stringify(changes)), {
    name: { from: 'web', to: 'shop' }, expiresAt: { from: '2033-05-18T03:33:20.000Z' }, metadata: {}, scopes: { from: ['a'], to: [] }
  })
  t.notMatch(JSON.stringify(changes), /secret|other/)
  t.equal(changesBetween(record, createApiKey({ ...record })), undefined, 'a copy is no change')
  t.equal(changesBetween(record, record), undefined)
})

t.test('what is done to a list is noted by ids and names, without a digest', async t => {
  const keys = new KeyIndex()
  const deeds = keys.changes = new Deeds()
  t.same(deeds.list(), [])
  keys.addMissing([record, other, record])
  keys.update(record.id, { name: 'shop' })
  keys.update(record.id, { name: 'shop' })
  keys.delete(record.id)
  keys.delete(record.id)
  const [updated, revoked, added, ...more] = deeds.list()
  t.same(more, [])
  t.same(added, { action: 'add', keys: [{ id: record.id, name: 'web' }, { id: other.id, name: undefined }] })
  t.same(updated, { action: 'update', keys: [{ id: record.id, name: 'shop' }], changes: { name: { from: 'web', to: 'shop' } } })
  t.same(revoked, { action: 'revoke', keys: [{ id: record.id, name: 'shop' }] })
  for (const text of [record.digest, other.digest, MARKER]) t.notOk(JSON.stringify(deeds.list()).includes(text))
})

t.test('many keys that are added at once are an entry for 500', async t => {
  const deeds = new Deeds()
  const keys = Array.from({ length: 1001 }, (_, index) => createApiKey(`${KEY}${index}`))
  for (const key of keys) deeds.note(undefined, key)
  t.same(deeds.list().map(({ keys }) => keys.length), [500, 500, 1])
  t.same(deeds.list().flatMap(({ keys }) => keys.map(({ id }) => id)), keys.map(({ id }) => id))
})

t.test('how many entries are asked for is a whole number, of 10,000 at most', async t => {
  t.same([undefined, 0, 1, 10_000, 10_001, 1e15].map(limit => limitOf(limit)), [10_000, 0, 1, 10_000, 10_000, 10_000])
  for (const limit of [-1, 1.5, NaN, Infinity, '7', null] as number[]) {
    t.throws(() => limitOf(limit), { code: 'FST_DBGPT_AUTH_OPTION', message: /"limit"/ }, shown(limit))
  }
})

t.test('what was written is read again, and nothing else passes for an entry', async t => {
  const good = { at: '2026-01-01T00:00:00.000Z', actor: 'a', action: 'add', keys: [{ id: 'x', name: 'y' }, { id: 'z' }] }
  const read = { ...good, at: new Date(good.at), keys: [{ id: 'x', name: 'y' }, { id: 'z', name: undefined }] }
  t.same(readEntry(good), read)
  t.same(readEntry({ ...good, at: 1e12 }), { ...read, at: new Date(1e12) })
  t.same(readEntry({ ...good, failed: true, more: 1, changes: { name: { to: 'b' } } }), { ...read, failed: true, changes: { name: { to: 'b' } } })
  t.same(readEntry({ ...good, failed: 'no' }), read)
  const bad = [
    { at: 'never' }, { at: null }, { actor: 7 }, { action: 'destroy' }, { action: undefined }, { keys: [] }, { keys: 'x' }, { keys: [7] }, { keys: [{}] },
    { keys: [{ id: 'x', name: 7 }] }, { changes: 7 }, { changes: null }, { changes: { name: 'b' } }, { changes: { name: null } }
  ]
  for (const wrong of bad) t.equal(readEntry({ ...good, ...wrong }), undefined, shown(wrong))
  for (const wrong of [undefined, null, 7, '', [], {}]) t.equal(readEntry(wrong), undefined, shown(wrong))
  fc.assert(fc.property(fc.jsonValue(), value => readEntry(value) === undefined))
})
