import type { Test } from 'tap'
import { createApiKey, type ManagedKeyStore } from '../../lib/index.ts'
import type { ManagedStore } from '../../lib/stores/managed.ts'
import { KEY, OTHER_KEY } from '../support/app.ts'
import { shown } from '../support/shown.ts'

/**
 * What every managed key store must do.
 *
 * @param t - the test to add to
 * @param make - makes an empty store, open and ready
 */
export function testKeyStore (t: Test, make: (t: Test) => Promise<ManagedKeyStore & ManagedStore>): void {
  const record = createApiKey({ key: KEY, name: 'billing', createdAt: new Date(1e12), metadata: { plan: { seats: 3 } }, scopes: ['b', 'a'] })
  const other = createApiKey(OTHER_KEY)

  t.test('a key that was added is found and listed, and another is not', async t => {
    const store = await make(t)
    t.equal(store.find(record.digest) ?? undefined, undefined)
    t.same(await store.list(), [])
    await store.add(record)
    await store.add(other)
    t.same(store.find(record.digest), record)
    t.same(new Set((await store.list()).map(({ id }) => id)), new Set([record.id, other.id]))
    for (const digest of ['', '__proto__', 'constructor', record.id, record.digest.toUpperCase()]) {
      t.equal(store.find(digest) ?? undefined, undefined, `"${digest}"`)
    }
  })

  t.test('a record is frozen through and through, whatever was added', async t => {
    const store = await make(t)
    await store.add({ ...record, metadata: { plan: { seats: 3 } }, expiresAt: new Date(2e12) })
    const found = await store.find(record.digest)
    t.ok(Object.isFrozen(found?.scopes))
    t.ok(Object.isFrozen(found) && Object.isFrozen(found?.metadata) && Object.isFrozen(found?.metadata?.plan))
    t.throws(() => found?.expiresAt?.setTime(9e12), TypeError)
    t.equal(store.find(record.digest), store.find(record.digest), 'it is one record')
  })

  t.test('an id that is taken is refused, and the key that has it stays', async t => {
    const store = await make(t)
    await store.add(record)
    await t.rejects(store.add(record), { code: 'FST_DBGPT_AUTH_KEY_EXISTS', message: new RegExp(record.id) })
    await t.rejects(store.add({ ...record, name: 'thief' }), { code: 'FST_DBGPT_AUTH_KEY_EXISTS' })
    t.match(store.find(record.digest), { name: 'billing' })
  })

  t.test('what is no record is refused', async t => {
    const store = await make(t)
    await t.rejects(store.add({ ...record, id: other.id }), { code: 'FST_DBGPT_AUTH_KEY_INVALID' })
    await t.rejects(store.add({ ...record, digest: 'x' }), { code: 'FST_DBGPT_AUTH_KEY_INVALID' })
    await t.rejects(store.add({ ...record, expiresAt: new Date(NaN) }), { code: 'FST_DBGPT_AUTH_KEY_INVALID' })
    t.same(await store.list(), [])
  })

  t.test('each change is told to those who listen, once it is in force, with the records that it is about', async t => {
    const store = await make(t)
    const told: unknown[] = []
    const end = store.onChange?.(({ added, changed, revoked }) => {
      told.push([added, changed, revoked].map(records => records.map(({ id, expiresAt }) => [id, expiresAt?.getTime()])))
      for (const { digest } of added) t.equal(typeof store.find(digest), 'object')
      for (const { digest } of revoked) t.equal(store.find(digest) ?? undefined, undefined)
    })
    await store.add(record)
    await store.expire(record.id, new Date(2e12))
    await store.revoke(record.id)
    t.equal(await store.revoke(record.id), false)
    end?.()
    await store.add(other)
    const id = record.id
    t.same(told, [[[[id, undefined]], [], []], [[], [[id, 2e12]], []], [[], [], [[id, 2e12]]]])
    t.equal(store.size, 1)
  })

  t.test('while it is open and its source is there, it is sure of its list', async t => {
    const store = await make(t)
    const { up, ageMs } = store.status?.() ?? {}
    t.equal(up, true)
    t.ok(ageMs !== undefined && ageMs >= 0 && ageMs < 5000, shown(ageMs))
  })

  t.test('who makes a change is told with it, and stands in the history, where there is one', async t => {
    const store = await make(t)
    const told: unknown[] = []
    store.onChange(({ actors }) => { told.push([...actors ?? []]) })
    const before = await store.history?.({ limit: 1 })
    await store.add(record, { actor: 'ann' })
    await store.addAll([other], { actor: '计' })
    await store.update(record.id, { name: 'shop' }, { actor: 'bob' })
    await store.expire(record.id, new Date(2e12), { actor: 'cy' })
    await store.revoke(record.id, { actor: 'dee' })
    const ids = [record, other, record, record, record].map(({ id }) => id)
    const actors = ['ann', '计', 'bob', 'cy', 'dee']
    t.same(told, ids.map((id, index) => [[id, actors[index]]]))
    const wrong = { code: 'FST_DBGPT_AUTH_OPTION', message: /"actor"/ }
    await t.rejects(store.add(record, { actor: '' }), wrong)
    await t.rejects(store.update(other.id, {}, { actor: 'a\nb' }), wrong)
    await t.rejects(store.revoke(other.id, { actor: '\x1b' }), wrong)
    t.same((await store.list()).map(({ id }) => id), [other.id])
    if (store.history === undefined) return
    const entries = await store.history({ limit: 5 })
    t.same(entries.map(({ actor, action, keys }) => [actor, action, ...keys.map(({ id }) => id)]), ids.map((id, index) =>
      [actors[index], ['add', 'add', 'update', 'update', 'revoke'][index], id]))
    t.same(entries.slice(2).map(({ changes }) => changes), [
      { name: { from: 'billing', to: 'shop' } }, { expiresAt: { to: '2033-05-18T03:33:20.000Z' } }, undefined
    ])
    t.equal(entries.at(-1)?.keys[0]?.name, 'shop')
    const ages = [...before ?? [], ...entries].map(({ at }) => at.getTime())
    t.same(ages, ages.toSorted((a, b) => a - b), 'the newest last')
  })

  t.test('expire sets the instant, and keeps the rest', async t => {
    const store = await make(t)
    await store.add(record)
    t.equal(await store.expire(record.id, new Date(2e12)), true)
    t.same(await store.find(record.digest), { ...record, expiresAt: new Date(2e12) })
    t.same(await store.list(), [{ ...record, expiresAt: new Date(2e12) }])
    for (const at of [new Date(NaN), undefined, null, '2030-01-01']) {
      await t.rejects(store.expire(record.id, at as Date), { code: 'FST_DBGPT_AUTH_KEY_INVALID' }, String(at))
    }
    t.match(store.find(record.digest), { expiresAt: new Date(2e12) })
  })

  t.test('update changes the details that are named, and keeps the rest', async t => {
    const store = await make(t)
    await store.add(record)
    t.equal(await store.update(record.id, { name: 'shop', expiresAt: new Date(2e12) }), true)
    t.same(await store.find(record.digest), { ...record, name: 'shop', expiresAt: new Date(2e12) })
    t.equal(await store.update(record.id, { expiresAt: undefined }), true)
    t.same(await store.list(), [{ ...record, name: 'shop' }])
    t.equal(await store.update(record.id, { scopes: [] }), true)
    t.same((await store.list())[0]?.scopes, [], 'an empty list is not none')
    await store.update(record.id, { scopes: record.scopes })
    for (const details of [{ name: '' }, { scopes: ['a b'] }, { digest: other.digest }, { id: other.id }, { key: OTHER_KEY }, { owner: 'me' }]) {
      await t.rejects(store.update(record.id, details), { code: 'FST_DBGPT_AUTH_KEY_INVALID' }, Object.keys(details).join())
    }
    t.same(await store.list(), [{ ...record, name: 'shop' }])
  })

  t.test('uses are counted at once, and told of the keys that are asked for, or of all that are left', async t => {
    const store = await make(t)
    await store.addAll([record, other])
    t.same(await store.usage(), new Map())
    store.countUse(record)
    store.countUse(other)
    store.countUse(record)
    t.match((await store.usage()).get(record.id), { count: 2, lastUsedAt: Date })
    t.same([...await store.usage([other])].map(([id, { count }]) => [id, count]), [[other.id, 1]])
    await store.revoke(other.id)
    t.same([...(await store.usage()).keys()], [record.id])
  })

  t.test('of several keys, those are added whose ids are not taken', async t => {
    const store = await make(t)
    await store.add(record)
    t.equal(await store.addAll([{ ...record, name: 'thief' }, other]), 1)
    t.equal(await store.addAll([record, other]), 0)
    t.match(store.find(record.digest), { name: 'billing' })
    t.same(new Set((await store.list()).map(({ id }) => id)), new Set([record.id, other.id]))
  })

  t.test('a revoked key is gone', async t => {
    const store = await make(t)
    await store.add(record)
    await store.add(other)
    t.equal(await store.revoke(record.id), true)
    t.equal(store.find(record.digest) ?? undefined, undefined)
    t.same((await store.list()).map(({ id }) => id), [other.id])
    await store.add(record)
    t.same(store.find(record.digest), record)
  })

  t.test('there is nothing to expire or revoke under an id that nobody has', async t => {
    const store = await make(t)
    await store.add(other)
    for (const id of [record.id, '', '__proto__', 'constructor', other.digest]) {
      t.equal(await store.expire(id, new Date(2e12)), false, `expire "${id}"`)
      t.equal(await store.update(id, { name: 'x' }), false, `update "${id}"`)
      t.equal(await store.revoke(id), false, `revoke "${id}"`)
    }
    t.same((await store.list()).map(({ id }) => id), [other.id])
  })
}
