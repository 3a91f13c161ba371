import { rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { FileWatch } from '../../../lib/stores/file/watch.ts'
import { makeTemporaryFolder } from '../../support/files.ts'
import { until } from '../../support/until.ts'

interface Watched {
  readonly folder: string
  readonly file: string
  readonly changes: () => number
  readonly watch: FileWatch
}

/** Watches a file, until the reading that settles the first one is done. */
async function watched (t: Test, prepare: (folder: string) => Promise<string>): Promise<Watched> {
  const folder = await makeTemporaryFolder(t)
  const file = await prepare(folder)
  let changes = 0
  const watch = new FileWatch(file, async () => { changes++ })
  t.teardown(async () => await watch.stop())
  await watch.start(async () => {})
  await until(() => changes === 1)
  return { folder, file, changes: () => changes, watch }
}

async function plainFile (folder: string): Promise<string> {
  const file = join(folder, 'keys')
  await writeFile(file, 'first')
  return file
}

/** As Kubernetes mounts a secret: keys -> ..data/keys, ..data -> ..1. */
async function mountedSecret (folder: string): Promise<string> {
  for (const version of ['..1', '..2']) await writeFile(join(folder, version), version)
  await symlink('..1', join(folder, '..data'))
  await symlink('..data', join(folder, 'keys'))
  return join(folder, 'keys')
}

const ways: Readonly<Record<string, readonly [prepare: typeof plainFile, change: (watched: Watched) => Promise<void>]>> = {
  'written in place': [plainFile, async ({ file }) => await writeFile(file, 'second')],
  'written in place with as many bytes': [plainFile, async ({ file }) => await writeFile(file, 'fir5t')],
  'replaced by a rename': [plainFile, async ({ file, folder }) => {
    await writeFile(join(folder, 'new'), 'first')
    await rename(join(folder, 'new'), file)
  }],
  'moved away and written anew, as editors do': [plainFile, async ({ file, folder }) => {
    await rename(file, join(folder, 'keys~'))
    await writeFile(file, 'first')
  }],
  'swapped under its symbolic link, as Kubernetes does': [mountedSecret, async ({ folder }) => {
    await symlink('..2', join(folder, '..new'))
    await rename(join(folder, '..new'), join(folder, '..data'))
  }],
  removed: [plainFile, async ({ file }) => await unlink(file)]
}

for (const [name, [prepare, change]] of Object.entries(ways)) {
  t.test(`a file that is ${name} is noticed within two seconds`, async t => {
    const made = await watched(t, prepare)
    await change(made)
    const waited = await until(() => made.changes() === 2)
    t.ok(waited < 2000, `after ${waited} ms`)
  })
}

t.test('a file that comes back is noticed', async t => {
  const { file, changes } = await watched(t, plainFile)
  await rm(file)
  await until(() => changes() === 2)
  await writeFile(file, 'third')
  await until(() => changes() === 3)
  t.equal(changes(), 3)
})

t.test('a file that keeps changing is read all the same', async t => {
  const { file, changes } = await watched(t, plainFile)
  let count = 0
  const writing = setInterval(() => { writeFile(file, String(++count)).catch(() => {}) }, 20)
  t.teardown(() => clearInterval(writing))
  const waited = await until(() => changes() >= 2)
  t.ok(waited < 2000, `after ${waited} ms`)
})

t.test('who stops waits for the call under way, and gets no other', async t => {
  const file = await plainFile(await makeTemporaryFolder(t))
  let begun = 0
  let settled = 0
  let release = (): void => {}
  const watch = new FileWatch(file, async () => {
    begun++
    await new Promise<void>(resolve => { release = resolve })
    settled++
  })
  await watch.start(async () => {})
  await until(() => begun === 1)
  const stopped = watch.stop()
  t.equal(settled, 0)
  release()
  await stopped
  t.equal(settled, 1)
  t.equal(begun, 1)
})
