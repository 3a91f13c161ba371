import { spawnSync } from 'node:child_process'

/** With mounts of its own, which end with it. The user is root there, and needs not be one here. */
const UNSHARED = ['unshare', '--map-root-user', '--mount', 'bash', '-euc']

const { status, stderr } = spawnSync('unshare', [...UNSHARED.slice(1), 'mount -t tmpfs tmpfs /mnt'], { encoding: 'utf8' })

/** Why what mounts something is skipped here; false, it is not. */
export const skip: string | false = status === 0 ? false : `mounting needs unshare, and leave to use it: ${stderr ?? 'it is not there'}`

/** The command line by which a program runs that sees mounts which nobody else does. */
export function mounted (mounts: string): readonly string[] {
  return [...UNSHARED, `${mounts}\nexec "$@"`, 'bash']
}
