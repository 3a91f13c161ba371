import t from 'tap'
import { createApiKey } from '../../lib/index.ts'
import { KeyIndex } from '../../lib/keys/key-index.ts'
import type { ApiKey } from '../../lib/types.ts'
import { KEY, OTHER_KEY } from '../support/app.ts'

const key = createApiKey(KEY)
const other = createApiKey(OTHER_KEY)

/** The digests that an index holds, by both ways that lead into it. */
function digestsOf (keys: KeyIndex): string[][] {
  return [[...keys.values()], [...keys.byDigest.values()]].map(records => records.map(({ digest }) => digest))
}

t.test('what is added is found by id and by digest, in the order of adding', async t => {
  const keys = new KeyIndex()
  keys.add(key)
  keys.add(other)
  t.equal(keys.byDigest.get(key.digest), key)
  t.equal(keys.get(other.id), other)
  t.throws(() => keys.add({ ...key, name: 'thief' }), { code: 'FST_DBGPT_AUTH_KEY_EXISTS' })
  t.same(digestsOf(keys), [[key.digest, other.digest], [key.digest, other.digest]])
})

t.test('what is missing is added, and counted', async t => {
  const keys = new KeyIndex()
  keys.add(key)
  t.equal(keys.addMissing([{ ...key, name: 'thief' }, other, other]), 1)
  t.same(digestsOf(keys), [[key.digest, other.digest], [key.digest, other.digest]])
  t.equal(keys.get(key.id), key)
})

t.test('what is changed stays in its place, and what is deleted is found neither way', async t => {
  const keys = new KeyIndex()
  for (const each of [key, other]) keys.add(each)
  t.equal(keys.update(key.id, { expiresAt: new Date(2e12) }), true)
  t.match(keys.byDigest.get(key.digest), { expiresAt: new Date(2e12) })
  t.same(digestsOf(keys), [[key.digest, other.digest], [key.digest, other.digest]])
  t.equal(keys.delete(key.id), true)
  t.same(digestsOf(keys), [[other.digest], [other.digest]])
  t.equal(keys.update(key.id, { expiresAt: new Date(2e12) }), false)
  t.equal(keys.delete(key.id), false)
})

t.test('a key that takes the place of another digest leaves nothing of it', async t => {
  const keys = new KeyIndex()
  const twin: ApiKey = { ...other, id: key.id }
  keys.add(key)
  keys.set(key.id, twin)
  t.same(digestsOf(keys), [[twin.digest], [twin.digest]])
})
