import { randomUUID } from 'node:crypto'
import { readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { FST_DBGPT_AUTH_KEY_FILE_LOCKED } from './errors.ts'

// Why our own: with proper-lockfile 4, two processes that take over a stale lock at once both have it, a dead process's
// lock keeps the others waiting for 10 seconds, and one that was suspended meanwhile writes all the same. All three tried.

const STALE_MS = 10_000
const RETRY_MS = 20

/**
 * Does something while no other process does it to the same file, which need not exist: the lock is beside it.
 *
 * @param action - is given a function that rejects if the lock was lost, to be asked right before the change
 * @param patience - how long to wait for another process, in milliseconds
 * @throws `FST_DBGPT_AUTH_KEY_FILE_LOCKED` after that
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
    if (Date.now() > deadline) throw new FST_DBGPT_AUTH_KEY_FILE_LOCKED(lock)
    if (!await removeStale(lock, owner)) await pause(RETRY_MS * (0.5 + Math.random()))
  }
}

async function create (lock: string, owner: string): Promise<boolean> {
  try {
    await writeFile(lock, owner, { flag: 'wx', mode: 0o644 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
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

async function isStale (lock: string): Promise<boolean> {
  const [pid, host] = (await readOwner(lock) ?? '').split(' ')
  if (host === await machine() && !isAlive(Number(pid))) return true
  try {
    return Date.now() - (await stat(lock)).mtimeMs > STALE_MS
  } catch {
    return false
  }
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
    return await readFile(lock, 'utf8')
  } catch {
    return undefined
  }
}
