import fs, { mkdir, readdir, readFile, readlink, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { withLock } from '../../../lib/stores/file/lock.ts'
import { readRegularFile } from '../../../lib/stores/file/read.ts'
import { rejection } from '../../support/app.ts'
import { makeTemporaryFolder } from '../../support/files.ts'
import { skip } from '../../support/posix.ts'
import { shown } from '../../support/shown.ts'

const LOCKED = { code: 'FST_DBGPT_AUTH_KEY_FILE_LOCKED' }

async function makeFile (t: Test): Promise<{ file: string, lock: string, names: () => Promise<string[]> }> {
  const folder = await makeTemporaryFolder(t)
  const file = join(folder, 'keys.json')
  return { file, lock: `${file}.lock`, names: async () => await readdir(folder) }
}

/** What process ids are of, here. */
const HOST = hostname() + await readlink('/proc/self/ns/pid').catch(() => '')

/** A process id that no process has. */
const DEAD = 2 ** 22 + 1

t.test('one at a time does its work, and the lock is gone at the end', async t => {
  const { file, names } = await makeFile(t)
  let inside = 0
  const results = await Promise.all(Array.from({ length: 20 }, async (_, index) => await withLock(file, async assertHeld => {
    t.equal(++inside, 1)
    await breathe()
    await assertHeld()
    inside--
    return index
  })))
  t.same(results, Array.from({ length: 20 }, (_, index) => index))
  t.same(await names(), [])
})

t.test('the lock is gone after a failure too', async t => {
  const { file, names } = await makeFile(t)
  t.match(await rejection(withLock(file, async () => { throw new Error('broke') })), { message: 'broke' })
  t.same(await names(), [])
})

t.test('the lock of a process that died is taken over at once, by one of many', async t => {
  const { file, lock, names } = await makeFile(t)
  await writeFile(lock, `${DEAD} ${HOST} x`)
  let inside = 0
  await Promise.all(Array.from({ length: 10 }, async () => await withLock(file, async () => {
    t.equal(++inside, 1)
    await breathe()
    inside--
  })))
  t.same(await names(), [])
})

t.test('a lock that is too old is taken over, whoever has it', async t => {
  for (const owner of [`${process.pid} ${HOST} x`, `${DEAD} another-host x`, '1 another-host x', '']) {
    const { file, lock } = await makeFile(t)
    await writeFile(lock, owner)
    const old = new Date(Date.now() - 11_000)
    await utimes(lock, old, old)
    t.equal(await withLock(file, async () => 'done'), 'done', owner)
  }
})

t.test('a lock of a living process, or of another host, is waited for', async t => {
  for (const owner of [`${process.pid} ${HOST} x`, `1 ${HOST} x`, `${DEAD} another-host x`, '']) {
    const { file, lock } = await makeFile(t)
    await writeFile(lock, owner)
    t.match(await rejection(withLock(file, async () => 'done', 100)), LOCKED, owner)
    t.equal(await readFile(lock, 'utf8'), owner, 'it is left alone')
  }
})

/** The lock, with some of the file system's functions in other hands, and perhaps its reading. */
async function withLockOver (t: Test, overrides: Partial<typeof fs>, read = readRegularFile): Promise<typeof withLock> {
  return (await t.mockImport<typeof import('../../../lib/stores/file/lock.ts')>('../../../lib/stores/file/lock.ts', {
    'node:fs/promises': { ...fs, ...overrides }, '../../../lib/stores/file/read.ts': { readRegularFile: read }
  })).withLock
}

function systemError (code: string, syscall: string): Error {
  return Object.assign(new Error(code), { code, syscall })
}

t.test('a stale lock that another process takes over first is left to it', async t => {
  const { file, lock, names } = await makeFile(t)
  await writeFile(lock, `${DEAD} ${HOST} x`)
  const owner = `${process.pid} ${HOST} another`
  let removals = 0
  const withSlowLock = await withLockOver(t, {
    // Between the look at the stale lock and its removal, the other process is through with both.
    async link (from, to) {
      if (to === `${lock}.removal` && ++removals === 1) await fs.writeFile(lock, owner)
      await fs.link(from, to)
    }
  })
  t.match(await rejection(withSlowLock(file, async () => 'done', 100)), LOCKED)
  t.equal(removals, 1)
  t.equal(await readFile(lock, 'utf8'), owner)
  t.same(await names(), ['keys.json.lock'])
})

t.test('while one process removes a stale lock, no other does, but when that one died', async t => {
  const { file, lock, names } = await makeFile(t)
  const removal = `${lock}.removal`
  await writeFile(lock, `${DEAD} ${HOST} x`)
  await writeFile(removal, `${process.pid} ${HOST} x`)
  t.match(await rejection(withLock(file, async () => 'done', 100)), LOCKED)
  t.same(await names(), ['keys.json.lock', 'keys.json.lock.removal'])
  await writeFile(removal, `${DEAD} ${HOST} x`)
  t.equal(await withLock(file, async () => 'done'), 'done')
  t.same(await names(), [])
})

t.test('a lock that is released as it is looked at is no obstacle', async t => {
  const { file, lock, names } = await makeFile(t)
  await writeFile(lock, `${process.pid} ${HOST} x`)
  let readings = 0
  const withSlowLock = await withLockOver(t, {}, async file => {
    if (++readings === 1) await rm(lock)
    return await readRegularFile(file)
  })
  t.equal(await withSlowLock(file, async () => 'done'), 'done')
  t.same(await names(), [])
})

t.test('a process of another user is alive', async t => {
  const { file, lock } = await makeFile(t)
  await writeFile(lock, `1 ${HOST} x`)
  t.intercept(process, 'kill', { value: () => { throw Object.assign(new Error('not allowed'), { code: 'EPERM' }) } })
  t.match(await rejection(withLock(file, async () => 'done', 100)), LOCKED)
})

t.test('who lost the lock meanwhile begins again, and leaves it to its new owner', async t => {
  const { file, lock } = await makeFile(t)
  const error = await rejection(withLock(file, async assertHeld => {
    await writeFile(lock, 'somebody else')
    await assertHeld()
  }, 100))
  t.match(error, LOCKED)
  t.equal(await readFile(lock, 'utf8'), 'somebody else')
  let tries = 0
  const again = await makeFile(t)
  t.equal(await withLock(again.file, async assertHeld => {
    if (++tries === 1) await rm(again.lock)
    await assertHeld()
    return 'done'
  }), 'done')
  t.equal(tries, 2)
})

t.test('the lock can be read by all, and a folder without room for it is an error', { skip }, async t => {
  const { file, lock } = await makeFile(t)
  await withLock(file, async () => { t.equal((await stat(lock)).mode & 0o777, 0o644) })
  t.match(await rejection(withLock(join(file, 'none', 'keys.json'), async () => {})), { code: 'ENOENT' })
})

t.test('an empty lock, whose maker was killed or had no room on the disk, is taken over soon', async t => {
  const { file, lock } = await makeFile(t)
  await writeFile(lock, '')
  const before = new Date(Date.now() - 1100)
  await utimes(lock, before, before)
  t.equal(await withLock(file, async () => 'done', 100), 'done')
})

t.test('the lock appears with its owner in it', async t => {
  const { file, lock, names } = await makeFile(t)
  const seen: string[] = []
  const watchedLock = await withLockOver(t, {
    async link (from, to) {
      seen.push(await readFile(from, 'utf8'), ...(await names()).filter(name => name === 'keys.json.lock'))
      await fs.link(from, to)
    }
  })
  await watchedLock(file, async () => { t.equal(await readFile(lock, 'utf8'), seen[0]) })
  t.match(seen, [new RegExp(`^${process.pid} `)])
  t.equal(seen.length, 1, 'before that, there is none')
})

t.test('what is to be the lock may be cleared away meanwhile: it is made anew', async t => {
  const { file, names } = await makeFile(t)
  let links = 0
  const withClearedLock = await withLockOver(t, {
    async link (from, to) {
      if (++links === 1) await rm(from)
      await fs.link(from, to)
    }
  })
  t.equal(await withClearedLock(file, async () => 'done'), 'done')
  t.equal(links, 2)
  t.same(await names(), [])
})

t.test('where there are no hard links, the lock is made in place, and taken away if it cannot be written', async t => {
  const { file, lock, names } = await makeFile(t)
  const link = async (): Promise<never> => { throw systemError('EPERM', 'link') }
  const withPlainLock = await withLockOver(t, { link })
  let inside = 0
  await Promise.all(Array.from({ length: 5 }, async () => await withPlainLock(file, async () => {
    t.equal(++inside, 1)
    t.match(await readFile(lock, 'utf8'), new RegExp(`^${process.pid} `))
    inside--
  })))
  t.same(await names(), [])
  for (const [syscall, left] of [['write', []], ['open', ['keys.json.lock']]] as const) {
    const withFullDisk = await withLockOver(t, {
      link,
      writeFile: (async (...args: Parameters<typeof fs.writeFile>) => {
        await fs.writeFile(...args)
        if (args[0] === lock) throw systemError('ENOSPC', syscall)
      }) as typeof fs.writeFile
    })
    t.match(await rejection(withFullDisk(file, async () => {})), { code: 'ENOSPC' }, syscall)
    t.same(await names(), left, `${syscall}: what it did not make is not its own`)
  }
})

t.test('what stands in the place of the lock and is no file is an error that names it', { skip }, async t => {
  for (const make of [async (lock: string) => await mkdir(lock), async (lock: string) => await symlink('none', lock)]) {
    const { file, lock } = await makeFile(t)
    await make(lock)
    t.match(await rejection(withLock(file, async () => {})), {
      ...LOCKED, message: `The key file cannot be locked: ${lock} is no file, as a lock would be: delete it`
    }, shown(make))
  }
})
