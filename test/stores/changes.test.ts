import t from 'tap'
import { Changes, compareLists } from '../../lib/stores/changes.ts'
import { KeyIndex } from '../../lib/keys/key-index.ts'
import { type ApiKey, type ApiKeyInit, createApiKey } from '../../lib/index.ts'
import { KEY, OTHER_KEY } from '../support/app.ts'
import { shown } from '../support/shown.ts'

const details = { key: KEY, name: 'web', createdAt: new Date(1e12), expiresAt: new Date(2e12), metadata: { plan: { a: 1 } }, scopes: ['a'] }
const record = createApiKey(details)
const other = createApiKey(OTHER_KEY)

function indexOf (...keys: ApiKey[]): KeyIndex {
  const index = new KeyIndex()
  for (const key of keys) index.add(key)
  return index
}

t.test('a list is compared with another by ids and by what records say', async t => {
  t.same({ ...await compareLists(indexOf(record), indexOf(other)) }, { added: [other], changed: [], revoked: [record] })
  const added = [record, other]
  t.same({ ...await compareLists(indexOf(), indexOf(record, other)) }, { added, changed: [], revoked: [] })
  const copies = indexOf(other, createApiKey(details))
  t.equal((await compareLists(indexOf(record, other), copies)).none, true, 'a copy is no change')
})

t.test('each detail of a key that is another one is a change', async t => {
  const cases: readonly Partial<ApiKeyInit>[] = [
    { name: 'shop' }, { name: undefined }, { createdAt: new Date(0) }, { createdAt: undefined }, { expiresAt: new Date(3e12) },
    { expiresAt: undefined }, { metadata: { plan: { a: 2 } } }, { metadata: undefined }, { scopes: ['a', 'b'] },
    { scopes: [] }, { scopes: undefined }
  ]
  for (const detail of cases) {
    const now = createApiKey({ ...details, ...detail } as ApiKeyInit)
    const changes = await compareLists(indexOf(record), indexOf(now))
    t.same({ ...changes }, { added: [], changed: [now], revoked: [] }, shown(detail))
  }
})

t.test('an index notes what is done to it while it is asked to', async t => {
  const index = indexOf(record)
  const noted = index.changes = new Changes()
  index.set(record.id, createApiKey(details))
  index.delete('0'.repeat(16))
  t.equal(noted.none, true)
  index.addMissing([record, other])
  index.update(record.id, { expiresAt: new Date(3e12) })
  index.delete(other.id)
  const changed = [{ id: record.id, expiresAt: new Date(3e12) }]
  t.match({ ...noted }, { added: [other], changed, revoked: [other] })
})

t.test('long lists are compared in turns, between which other work is done', async t => {
  const make = (name: string): KeyIndex => indexOf(...Array.from({ length: 1000 }, (_, index) => createApiKey({ key: `${KEY}${index}`, name })))
  const [before, after] = [make('a'), make('b')]
  // Each look at the clock takes a millisecond, so a turn is five of them.
  const { now } = performance
  let ms = 0
  performance.now = () => ++ms
  let turns = 0
  let work = setImmediate(function again () {
    turns++
    work = setImmediate(again)
  })
  try {
    t.equal((await compareLists(before, after)).changed.length, 1000)
  } finally {
    performance.now = now
    clearImmediate(work)
  }
  // 2,000 steps with a look at each 32nd.
  t.equal(turns, 12)
})

t.test('what was changed meanwhile is compared once more, and the rest stays as it was found', async t => {
  const third = createApiKey(`${KEY}3`)
  const found = await compareLists(indexOf(record, third), indexOf(other))
  const meanwhile = new Changes()
  t.equal(found.recheck(meanwhile, indexOf(record, third), indexOf(other)), found)
  meanwhile.note(undefined, record)
  meanwhile.note(other, undefined)
  const result = found.recheck(meanwhile, indexOf(record, third), indexOf(record))
  t.same({ ...result }, { added: [], changed: [], revoked: [third] })
})

t.test('who made a change is told of those that are changes, and of what is compared once more as it was made since', async t => {
  const third = createApiKey(`${KEY}3`)
  const actors: Readonly<Record<string, string>> = { [record.id]: 'ann', [other.id]: 'bob' }
  const found = (await compareLists(indexOf(record, third), indexOf(other))).attribute((id, kind) => actors[id] && `${actors[id]} ${kind}`)
  t.same([...found.actors], [[other.id, 'bob added'], [record.id, 'ann revoked']])
  const meanwhile = new Changes()
  meanwhile.note(record, undefined)
  meanwhile.note(undefined, other)
  const result = found.recheck(meanwhile.attribute(id => id === record.id ? 'cy' : undefined), indexOf(record, third), indexOf(other))
  t.same(new Map(result.actors), new Map([[record.id, 'cy'], [other.id, 'bob added']]))
})
