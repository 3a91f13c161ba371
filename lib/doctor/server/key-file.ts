import { constants, type Stats } from 'node:fs'
import { access, lstat, stat } from 'node:fs/promises'
import { dirname, resolve, sep } from 'node:path'
import { historyOf, NO_FILE } from '../../stores/file/history-read.ts'
import { parseKeyFile } from '../../stores/file/key-file.ts'
import { isStale } from '../../stores/file/lock.ts'
import { readKeyFile } from '../../stores/file/read.ts'
import { reasonOf } from '../../stores/file/reason.ts'
import type { FileKeyStore } from '../../stores/file/store.ts'
import { targetOf } from '../../stores/file/target.ts'
import type { Found } from '../finding.ts'
import type { ServerCode } from './texts.ts'

const READABLE_BY_ALL = 0o004
const WRITABLE_BY_ALL = 0o002
const PASSABLE_BY_ALL = 0o001
const WRITABLE = 0o222

/** Looks at how a key file stands, and at what is beside it. */
export async function examineKeyFile (path: string, store: FileKeyStore, usage: boolean): Promise<Found<ServerCode>[]> {
  const file = resolve(path)
  const { text, stats } = await readKeyFile(file)
  const { form, list } = await parseKeyFile(text, file)
  const target = await targetOf(file)
  const isPlain = form === 'plain' && list.texts > 0
  // A secret of Docker or Kubernetes is everybody's in its container, and nobody changes it there.
  const isChangeable = (stats.mode & WRITABLE) !== 0 && !isSecret(target) && await reasonAgainst(target, 'write') === undefined
  return [
    { code: 'fact_file', params: { file } },
    ...isChangeable && isPlain ? [{ code: 'fact_file_plain' } as const] : [],
    ...isChangeable && isPlain && isReadable(stats) && await isReachable(target) ? [{ code: 'key_file_readable', params: { file } } as const] : [],
    ...await examineLock(`${target}.lock`),
    ...form === 'json' ? await examineHistory(target) : [],
    ...usage ? await examineUsage(target, store) : []
  ]
}

/** Kubernetes mounts its secrets as links into a folder whose name begins with two dots. */
function isSecret (target: string): boolean {
  return /^\/(?:var\/)?run\/secrets\//.test(target) || target.split(sep).some(part => part.startsWith('..'))
}

/** That it can be changed is told already. */
function isReadable ({ mode }: Stats): boolean {
  return process.platform !== 'win32' && (mode & READABLE_BY_ALL) !== 0 && (mode & WRITABLE_BY_ALL) === 0
}

/** Tells whether everybody may go through the folders that a file is in. */
async function isReachable (file: string): Promise<boolean> {
  const folder = dirname(file)
  if (folder === file) return true
  return ((await stat(folder)).mode & PASSABLE_BY_ALL) !== 0 && await isReachable(folder)
}

async function examineLock (lock: string): Promise<Found<ServerCode>[]> {
  try {
    return await isStale(lock) ? [{ code: 'key_file_lock', params: { file: lock } }] : []
  } catch (error) {
    return [{ code: 'key_file_locked', params: { detail: (error as Error).message } }]
  }
}

/** Where the list itself cannot be changed, nobody writes a history: on a mount that is read-only, for one. */
async function examineHistory (target: string): Promise<Found<ServerCode>[]> {
  const file = historyOf(target)
  const stats = await lstat(file).catch(() => undefined)
  if (stats === undefined) return []
  const detail = stats.isFile() || stats.isSymbolicLink() ? await reasonAgainst(file, 'append') : NO_FILE
  const isReadOnly = await reasonAgainst(dirname(target), 'write') !== undefined
  return detail === undefined || isReadOnly ? [] : [{ code: 'history_unwritable', params: { file, detail } }]
}

async function examineUsage (target: string, store: FileKeyStore): Promise<Found<ServerCode>[]> {
  const unreadable = await store.usage().then(() => undefined, ({ message }: Error) => message)
  const detail = unreadable ?? await reasonAgainst(dirname(target), 'write')
  return detail === undefined ? [] : [{ code: 'usage_unwritable', params: { detail } }]
}

/** Says why this user may not write there; undefined, nothing speaks against it. */
async function reasonAgainst (path: string, doing: 'write' | 'append'): Promise<string | undefined> {
  return await access(path, constants.W_OK).then(() => undefined, error => reasonOf(error, doing))
}
