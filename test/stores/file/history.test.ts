import { execFileSync } from 'node:child_process'
import fs, { appendFile, chmod, chown, mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createApiKey, FileKeyStore } from '../../../lib/index.ts'
import { serializeKeyFile } from '../../../lib/stores/file/key-file.ts'
import { KEY, MARKER, OTHER_KEY, rejection } from '../../support/app.ts'
import { makeTemporaryFolder } from '../../support/files.ts'
import { skip } from '../../support/posix.ts'
import { shown } from '../../support/shown.ts'

const A = createApiKey({ key: KEY, name: 'web', metadata: { plan: 'gold' } })
const B = createApiKey(OTHER_KEY)
const isRoot = process.getuid?.() === 0

interface Kept {
  readonly store: FileKeyStore
  readonly file: string
  readonly history: string
  /** What the history has of each change. */
  readonly told: () => Promise<string[]>
}

async function keep (t: Test, ...keys: (typeof A)[]): Promise<Kept> {
  const file = join(await makeTemporaryFolder(t), 'keys.json')
  await writeFile(file, serializeKeyFile(keys))
  const store = new FileKeyStore(file)
  const told = async (): Promise<string[]> => (await store.history()).map(({ actor, action, keys, failed }) =>
    [actor, action, ...keys.map(({ id }) => id === A.id ? 'A' : id === B.id ? 'B' : id), ...failed ? ['failed'] : []].join(' '))
  return { store, file, history: `${file}.history`, told }
}

/** Warnings, and who makes the changes. */
function by (actor: string, warnings: string[] = []): { actor: string, warn: (message: string) => void } {
  return { actor, warn: message => { warnings.push(message) } }
}

t.test('each change is a line, with who made it and what it was, and no digest, text or metadata', async t => {
  const { store, history } = await keep(t)
  const begin = Date.now()
  t.same(await store.history(), [], 'none yet')
  await store.addAll([A, B], { actor: 'ann' })
  await store.addAll([A, B], { actor: 'late' })
  await store.update(A.id, { name: 'shop', metadata: { plan: 'free' } }, { actor: '计' })
  await store.update(A.id, { name: 'shop' }, { actor: 'idle' })
  await store.expire(B.id, new Date(2e12), { actor: 'bob' })
  await store.revoke(A.id, { actor: 'cy' })
  await store.revoke(A.id, { actor: 'late' })
  const [a, b] = [{ id: A.id, name: 'shop' }, { id: B.id }]
  const entries = await store.history()
  t.match(entries, [
    { at: Date, actor: 'ann', action: 'add', keys: [{ id: A.id, name: 'web' }, b] },
    { actor: '计', action: 'update', keys: [a], changes: { name: { from: 'web', to: 'shop' }, metadata: {} } },
    { actor: 'bob', action: 'update', keys: [b], changes: { expiresAt: { to: '2033-05-18T03:33:20.000Z' } } },
    { actor: 'cy', action: 'revoke', keys: [a] }
  ])
  t.equal(entries.length, 4)
  t.ok(entries.every(({ at }) => at.getTime() >= begin && at.getTime() <= Date.now()))
  t.same(await store.history({ limit: 2 }), entries.slice(2), 'the newest')
  t.same(await store.history({ limit: 0 }), [])
  const text = await readFile(history, 'utf8')
  t.equal(text.trimEnd().split('\n').length, 4)
  for (const secret of [A.digest, B.digest, MARKER, 'gold', 'free']) t.notOk(text.includes(secret))
  await t.rejects(store.history({ limit: -1 }), { code: 'FST_DBGPT_AUTH_OPTION' })
  await t.rejects(store.revoke(B.id, { actor: 'a\nb' }), { code: 'FST_DBGPT_AUTH_OPTION' })
  t.match(await store.list(), [{ id: B.id }])
})

t.test('lines that are none are passed over, and a torn one is left behind', async t => {
  const { store, history, told } = await keep(t)
  await store.add(A, { actor: 'ann' })
  await appendFile(history, '\r\n\n{"at":7}\nnonsense\r\n[]\n{"at":"2026-01-01T00:00:00Z","actor":"x","action":"dance","keys":[{"id":"1"}]}\n{"at":"20')
  t.same(await told(), ['ann add A'])
  await store.revoke(A.id, { actor: 'bob' })
  t.same(await told(), ['ann add A', 'bob revoke A'])
  t.match(await readFile(history, 'utf8'), /\n\{"at":"20\n\{"at":"[^\n]*revoke[^\n]*\n$/)
})

t.test('it has the owner and the mode of the key file, stands beside what a link points to, and is begun anew when it is gone', { skip }, async t => {
  const { store, file, history, told } = await keep(t)
  await chmod(file, 0o640)
  if (isRoot) await chown(file, 1234, 5678)
  await store.add(A, { actor: 'ann' })
  t.equal((await stat(history)).mode & 0o777, 0o640)
  if (isRoot) t.match(await stat(history), { uid: 1234, gid: 5678 })
  const link = join(await makeTemporaryFolder(t), 'link.json')
  await symlink(file, link)
  await new FileKeyStore(link).add(B, { actor: 'bob' })
  t.same((await new FileKeyStore(link).history()).map(({ actor }) => actor), ['ann', 'bob'])
  await rename(history, `${history}.1`)
  t.same(await told(), [])
  await store.revoke(A.id, { actor: 'cy' })
  t.same(await told(), ['cy revoke A'])
  const fresh = join(await makeTemporaryFolder(t), 'keys.json')
  await new FileKeyStore(fresh).add(A)
  t.equal((await stat(`${fresh}.history`)).mode & 0o777, 0o600)
})

t.test('without the key file there is its history, and without both an error', async t => {
  const { store, file, history, told } = await keep(t)
  await store.add(A, { actor: 'ann' })
  await rm(file)
  t.same(await told(), ['ann add A'])
  await rm(history)
  await t.rejects(store.history(), { code: 'FST_DBGPT_AUTH_KEY_FILE_UNREADABLE', message: /there is no such file/ })
})

t.test('where the history cannot be written nothing is changed, but that keys are revoked, with a warning', { skip }, async t => {
  const cases: Readonly<Record<string, readonly [RegExp, (history: string) => Promise<unknown>]>> = {
    folder: [/it is a folder \(EISDIR\)/, async history => await mkdir(history)],
    pipe: [/it is no file, but a folder, a pipe or a device$/, async history => execFileSync('mkfifo', [history])],
    'link to nowhere': [/nothing where its symbolic link leads \(ENOENT\)/, async history => await symlink('none/there', history)],
    circle: [/lead in a circle \(ELOOP\)/, async history => await symlink('keys.json.history', history)]
  }
  for (const [name, [reason, spoil]] of Object.entries(cases)) {
    const { store, file, history } = await keep(t, A)
    await spoil(history)
    const before = await readFile(file, 'utf8')
    const refused = { code: 'FST_DBGPT_AUTH_KEY_FILE_HISTORY', message: new RegExp(`keys\\.json\\.history cannot be written, so nothing is changed: .*${reason.source}`) }
    for (const change of [() => store.add(B), () => store.update(A.id, { name: 'x' }), () => store.expire(A.id, new Date(2e12))]) {
      t.match(await rejection(change()), refused, name)
      t.equal(await readFile(file, 'utf8'), before, name)
    }
    const warnings: string[] = []
    t.equal(await store.revoke(A.id, by('ann', warnings)), true, name)
    t.same(await store.list(), [], name)
    t.match(warnings, [/^A key is revoked, which is in no history: \S+keys\.json\.history cannot be written: /], name)
    t.equal(warnings.length, 1, name)
  }
})

t.test('a history that cannot be read is an error', { skip }, async t => {
  const { store, history } = await keep(t, A)
  await mkdir(history)
  t.match(await rejection(store.history()), {
    code: 'FST_DBGPT_AUTH_KEY_FILE_HISTORY', message: /keys\.json\.history cannot be read: it is no file, but a folder/
  })
  const circle = join(await makeTemporaryFolder(t), 'circle.json')
  await symlink('circle.json', circle)
  t.match(await rejection(new FileKeyStore(circle).history()), { code: 'FST_DBGPT_AUTH_KEY_FILE_HISTORY', message: /circle.*ELOOP/ })
})

t.test('a change that fails after its line is told to have failed; before, it leaves no line', async t => {
  const { store, file, told } = await keep(t, A)
  let fail: string | undefined
  const { FileKeyStore: FailingStore } = await t.mockImport<typeof import('../../../lib/index.ts')>('../../../lib/index.ts', {
    'node:fs/promises': {
      ...fs,
      async rename (...args: Parameters<typeof fs.rename>) {
        if (fail === 'rename') throw Object.assign(new Error('busy'), { code: 'EBUSY', syscall: 'rename' })
        await fs.rename(...args)
      },
      async open (...args: Parameters<typeof fs.open>) {
        if (fail === 'history' && String(args[0]).endsWith('.history')) throw Object.assign(new Error('no'), { code: 'EACCES', syscall: 'open' })
        if (fail === 'open' && String(args[0]).endsWith('.tmp')) throw Object.assign(new Error('full'), { code: 'ENOSPC', syscall: 'open' })
        return await fs.open(...args)
      }
    }
  })
  const failing = new FailingStore(file)
  for (fail of ['open', 'rename']) {
    t.match(await rejection(failing.add(B, { actor: fail })), { code: 'FST_DBGPT_AUTH_KEY_FILE_WRITE' }, shown(fail))
  }
  fail = 'history'
  t.match(await rejection(failing.add(B)), {
    code: 'FST_DBGPT_AUTH_KEY_FILE_HISTORY', message: /so nothing is changed: this user may not write to it, .*: look at their modes \(EACCES\)$/
  })
  fail = undefined
  await failing.add(B, { actor: 'good' })
  t.same(await told(), ['rename add B', 'rename add B failed', 'good add B'])
  t.same((await store.list()).map(({ id }) => id), [A.id, B.id])
})
