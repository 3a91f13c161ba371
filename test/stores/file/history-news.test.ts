import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createApiKey, FileKeyStore } from '../../../lib/index.ts'
import { Changes } from '../../../lib/stores/changes.ts'
import { serializeKeyFile } from '../../../lib/stores/file/key-file.ts'
import { HistoryNews } from '../../../lib/stores/file/history-read.ts'
import { harness, KEY, OTHER_KEY } from '../../support/app.ts'
import { makeTemporaryFolder } from '../../support/files.ts'
import { until } from '../../support/until.ts'

// The stores look at their files 25 times as often.
const { setInterval: setRealInterval } = globalThis
t.intercept(globalThis, 'setInterval', {
  value: (call: () => void, ms: number) => setRealInterval(call, ms / 25)
})

const A = createApiKey({ key: KEY, name: 'web' })
const B = createApiKey(OTHER_KEY)

async function makeStore (t: Test, ...keys: (typeof A)[]): Promise<{ file: string, store: FileKeyStore }> {
  const file = join(await makeTemporaryFolder(t), 'keys.json')
  await writeFile(file, serializeKeyFile(keys))
  return { file, store: new FileKeyStore(file) }
}

function changesOf (kind: 'added' | 'changed' | 'revoked', key: typeof A): Changes {
  const changes = new Changes()
  changes[kind].push(key)
  return changes
}

t.test('the log of a service says who has changed the file, and of a change by hand that nobody is known', async t => {
  const { file, store } = await makeStore(t, A)
  await store.expire(A.id, new Date(2e12), { actor: 'long ago' })
  const { guard, log } = harness(t)
  await guard({ env: { API_KEYS_FILE: file } })
  const told = (): unknown[] => log().filter(({ msg }) => msg.startsWith('API keys: ')).map(({ added, changed, revoked }) => {
    const { keys: [key] } = (added ?? changed ?? revoked) as { keys: { name?: string, actor?: string }[] }
    return [key?.name, key?.actor]
  })
  await store.add(B, { actor: 'ann' })
  await until(() => told().length === 1)
  await store.revoke(A.id, { actor: 'bob' })
  await until(() => told().length === 2)
  await writeFile(`${file}.new`, serializeKeyFile([A, B]))
  await rename(`${file}.new`, file)
  await until(() => told().length === 3)
  t.same(told(), [[undefined, 'ann'], ['web', 'bob'], ['web', undefined]])
})

t.test('what was there before is passed over, a line that is seen before its change waits for it, and no longer than that', async t => {
  const { file, store } = await makeStore(t)
  const news = new HistoryNews(file)
  const tell = (kind: 'added' | 'changed' | 'revoked', key: typeof A): string | undefined =>
    news.attribute(changesOf(kind, key)).actors.get(key.id)
  await news.begin()
  await news.look()
  t.equal(tell('added', A), undefined, 'there is no history yet')
  await store.add(A, { actor: 'ann' })
  await store.revoke(A.id, { actor: 'bob' })
  await news.look()
  t.equal(tell('added', A), 'ann', 'by what was done, not by who came last')
  await news.look()
  t.equal(tell('revoked', A), 'bob')
  await news.look()
  t.equal(tell('revoked', A), undefined)
  const late = new HistoryNews(file)
  await late.begin()
  await late.look()
  t.equal(late.attribute(changesOf('added', A)).actors.size, 0)
})

t.test('of a history that was put away the new one is read whole; the newest line counts, and none of a change that failed', async t => {
  const { file, store } = await makeStore(t)
  const news = new HistoryNews(file)
  await store.add(A, { actor: 'ann' })
  await news.begin()
  await rm(`${file}.history`)
  await store.update(A.id, { name: 'shop' }, { actor: 'bob' })
  await store.update(A.id, { name: 'shops' }, { actor: 'cy' })
  const failed = { at: new Date(), actor: 'nobody', action: 'update', keys: [{ id: A.id }], failed: true }
  await writeFile(`${file}.history`, `${JSON.stringify(failed)}\n`, { flag: 'a' })
  await news.look()
  t.equal(news.attribute(changesOf('changed', A)).actors.get(A.id), 'cy')
})
