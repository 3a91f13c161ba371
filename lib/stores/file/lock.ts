import { randomUUID } from 'node:crypto'
import { link, lstat, readlink, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { FST_DBGPT_AUTH_KEY_FILE_LOCKED } from './errors.ts'
import { readRegularFile } from './read.ts'

// Why our own: with proper-lockfile 4, two processes that take over a stale lock at once both have it, a dead process's
// lock keeps the others waiting for 10 seconds, and one that was suspended meanwhile writes all the same. All three tried.

const STALE_MS = 10_000
/** An empty lock is written in no time, where it cannot be made whole; or its maker died, or its disk was full. */
const EMPTY_STALE_MS = 1000
const MODE = 0o644
const RETRY_MS = 20

/**
 * Does something while no other process does it to the same file, which need not exist: the lock is beside it.
 *
 * @param action - is given a function that rejects if the lock was lost, to be asked right before the change
 * @param patience - how long to wait for another process, in milliseconds
 * @throws `FST_DBGPT_AUTH_KEY_FILE_LOCKED` after that, or if something else stands in the lock's place
 */
export async function withLock<T> (
  file: string, action: (assertHeld: () => Promise<void>) => Promise<T>, patience = 30_000
): Promise<T> {
  const lock = `${file}.lock`
  const owner = `${process.pid} ${await machine()} ${randomUUID()}`
  const deadline = Date.now() + patience
  for (;;) {
    await acquire(lock, owner, deadline)
    try {
      return await action(async () => {
        if (await readOwner(lock) !== owner) throw new LockLost()
      })
    } catch (error) {
      // Nothing was changed: once more.
      if (!(error instanceof LockLost)) throw error
    } finally {
      if (await readOwner(lock) === owner) await rm(lock, { force: true })
    }
  }
}

class LockLost extends Error {}

async function acquire (lock: string, owner: string, deadline: number): Promise<void> {
  while (!await create(lock, owner)) {
    if (Date.now() > deadline) {
      throw new FST_DBGPT_AUTH_KEY_FILE_LOCKED(`another process keeps writing to it: try again, or delete ${lock} if none does`)
    }
    if (!await removeStale(lock, owner)) await pause(RETRY_MS * (0.5 + Math.random()))
  }
}

/** Makes the lock in one step, with its owner in it: one that is killed, or finds the disk full, leaves no empty lock. */
async function create (lock: string, owner: string): Promise<boolean> {
  const whole = `${lock}.${randomUUID()}.tmp`
  try {
    await writeFile(whole, owner, { flag: 'wx', mode: MODE })
    return await link(whole, lock).then(() => true, async ({ code }: NodeJS.ErrnoException) => {
      // Gone: the owner of the lock took it for what a killed process left behind.
      if (code === 'EEXIST' || code === 'ENOENT') return false
      // Not every file system has hard links.
      return await createInPlace(lock, owner)
    })
  } finally {
    await rm(whole, { force: true })
  }
}

async function createInPlace (lock: string, owner: string): Promise<boolean> {
  try {
    await writeFile(lock, owner, { flag: 'wx', mode: MODE })
    return true
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    // It was made, and is ours.
    if (syscall === 'write') await rm(lock, { force: true })
    throw error
  }
}

/** Removes a lock whose process died with it, or that is too old for any to be at work. */
async function removeStale (lock: string, remover: string): Promise<boolean> {
  if (!await isStale(lock)) return false
  // One at a time, and with a second look: who was late would remove the lock of who was first.
  const removal = `${lock}.removal`
  if (!await create(removal, remover)) {
    if (await isStale(removal)) await rm(removal, { force: true })
    return false
  }
  try {
    if (await isStale(lock)) await rm(lock, { force: true })
  } finally {
    await rm(removal, { force: true })
  }
  return true
}

/**
 * Tells whether a lock is there whose process died with it, or that is too old for any to be at work.
 *
 * @throws `FST_DBGPT_AUTH_KEY_FILE_LOCKED` if what is there is no file
 */
export async function isStale (lock: string): Promise<boolean> {
  const [pid, host] = (await readOwner(lock) ?? '').split(' ')
  if (host === await machine() && !isAlive(Number(pid))) return true
  const stats = await lstat(lock).catch(() => undefined)
  if (stats === undefined) return false
  if (!stats.isFile()) throw new FST_DBGPT_AUTH_KEY_FILE_LOCKED(`${lock} is no file, as a lock would be: delete it`)
  return Date.now() - stats.mtimeMs > (stats.size === 0 ? EMPTY_STALE_MS : STALE_MS)
}

/** Names what process ids are of: the host, and on Linux their namespace, which containers have of their own. */
async function machine (): Promise<string> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '')
  return hostname() + namespace
}

function isAlive (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function readOwner (lock: string): Promise<string | undefined> {
  try {
    return (await readRegularFile(lock)).bytes.toString()
  } catch {
    return undefined
  }
}
