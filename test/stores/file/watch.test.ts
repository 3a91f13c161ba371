import { rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { FileWatch } from '../../../lib/stores/file/watch.ts'
import { makeTemporaryFolder } from '../../support/files.ts'
import { until } from '../../support/until.ts'
import { skip } from '../../support/posix.ts'

interface Watched {
  readonly folder: string
  readonly file: string
  /** Looks that many times, and tells after which look a change was told of, counted from 1. */
  readonly look: (times: number) => Promise<number[]>
}

/** Watches a file that is known already; looks are the test's. */
async function watched (t: Test, prepare: (folder: string) => Promise<string>): Promise<Watched> {
  const folder = await makeTemporaryFolder(t)
  const file = await prepare(folder)
  let changes = 0
  const watch = new FileWatch(file, async () => { changes++ })
  const look: Watched['look'] = async times => {
    const told = []
    for (let count = 1; count <= times; count++) {
      changes = 0
      await watch.look()
      if (changes > 0) told.push(count)
    }
    return told
  }
  t.same(await look(4), [2], 'what is there at first is told once, when it has settled')
  return { folder, file, look }
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
  removed: [plainFile, async ({ file }) => await rm(file)]
}

for (const [name, [prepare, change]] of Object.entries(ways)) {
  t.test(`a file that is ${name} is told of once, at the second look`, { skip: prepare === mountedSecret && skip }, async t => {
    const made = await watched(t, prepare)
    await change(made)
    t.same(await made.look(4), [2])
  })
}

t.test('a file that comes back is told of', async t => {
  const { file, look } = await watched(t, plainFile)
  await rm(file)
  t.same(await look(4), [2], 'gone')
  await writeFile(file, 'third')
  t.same(await look(4), [2], 'back')
})

t.test('a file that keeps changing is told of at every fourth look, and once more when it has settled', async t => {
  const { file, look } = await watched(t, plainFile)
  const told = []
  for (let count = 1; count <= 8; count++) {
    await writeFile(file, 'x'.repeat(count))
    if ((await look(1)).length > 0) told.push(count)
  }
  t.same(told, [4, 8])
  t.same(await look(4), [1])
})

t.test('it tells whether what is there is of use, and since when nobody has seen that', async t => {
  const file = await plainFile(await makeTemporaryFolder(t))
  const { now } = performance
  let [time, isGood] = [0, true]
  // No look but the test's.
  t.intercept(globalThis, 'setInterval', { value: () => ({ unref () {} }) })
  performance.now = () => time
  t.teardown(() => { performance.now = now })
  const watch = new FileWatch(file, async () => isGood)
  const status = async (looks: number): Promise<[boolean, number]> => {
    for (let count = 0; count < looks; count++) await watch.look()
    const { up, ageMs } = watch.status()
    return [up, ageMs]
  }
  t.same(await status(0), [false, Infinity], 'not read yet')
  watch.start()
  t.teardown(async () => await watch.stop())
  t.same(await status(2), [true, 0])
  time = 5000
  t.same(await status(0), [true, 5000])
  time = 5001
  t.same(await status(0), [false, 5001], 'nobody looks any more, as on a file system that hangs')
  t.same(await status(1), [true, 0])
  isGood = false
  await rm(file)
  time = 5500
  t.same(await status(1), [true, 499], 'a change that has not settled')
  t.same(await status(3), [false, 499])
  isGood = true
  await writeFile(file, 'third')
  t.same(await status(2), [true, 0], 'good again')
})

t.test('a change while the last one is being read is told of afterwards', async t => {
  const file = await plainFile(await makeTemporaryFolder(t))
  let begun = 0
  let release = (): void => {}
  const watch = new FileWatch(file, async () => {
    begun++
    await new Promise<void>(resolve => { release = resolve })
  })
  await watch.look()
  const reading = watch.look()
  await until(() => begun === 1)
  await writeFile(file, 'second')
  t.equal(watch.look(), reading, 'no other look begins meanwhile')
  release()
  await reading
  await watch.look()
  const again = watch.look()
  await until(() => begun === 2)
  release()
  await again
})

t.test('who starts it is told of changes, by the clock; who stops waits for the call under way, and gets no other', async t => {
  const file = await plainFile(await makeTemporaryFolder(t))
  let begun = 0
  let settled = 0
  let release = (): void => {}
  const watch = new FileWatch(file, async () => {
    begun++
    await new Promise<void>(resolve => { release = resolve })
    settled++
  })
  watch.start()
  await until(() => begun === 1)
  const stopped = watch.stop()
  t.equal(settled, 0)
  release()
  await stopped
  t.equal(settled, 1)
  t.equal(begun, 1)
})
