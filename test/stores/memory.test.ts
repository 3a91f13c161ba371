import t from 'tap'
import { createApiKey, MemoryKeyStore } from '../../lib/index.ts'
import { KEY, OTHER_KEY } from '../support/app.ts'
import { testKeyStore } from './contract.ts'

testKeyStore(t, async () => new MemoryKeyStore())

const record = createApiKey(KEY)
const other = createApiKey(OTHER_KEY)

t.test('a store starts with the keys it is given', async t => {
  const store = new MemoryKeyStore(new Set([record, other]))
  t.same(await store.list(), [record, other])
})

t.test('replace puts a new list in place of the old', async t => {
  const store = new MemoryKeyStore([record])
  store.replace([other])
  t.equal(store.find(record.digest), undefined)
  t.same(store.find(other.digest), other)
  store.replace([])
  t.same(await store.list(), [])
})

t.test('a new list with a fault in it leaves the old in place', async t => {
  const store = new MemoryKeyStore([record])
  t.throws(() => store.replace([other, other]), { code: 'FST_DBGPT_AUTH_KEY_EXISTS' })
  t.throws(() => store.replace([other, { ...other, digest: 'x' }]), { code: 'FST_DBGPT_AUTH_KEY_INVALID' })
  t.same(await store.list(), [record])
  t.equal(store.find(other.digest), undefined)
})

t.test('what was counted of a key that is gone is forgotten within a minute', async t => {
  for (const uses of [1, undefined]) {
    const due: (() => void)[] = []
    const { restore } = t.intercept(globalThis, 'setTimeout', { value: (call: () => void) => { due.push(call); return { unref () {} } } })
    const store = new MemoryKeyStore([record])
    store.countUse(record)
    await store.revoke(record.id)
    if (uses === undefined) for (const call of due) call()
    t.equal((await store.usage()).size, 0, 'nothing is told of it')
    await store.add(record)
    t.equal((await store.usage()).get(record.id)?.count, uses)
    restore()
  }
})
