import { readFile, realpath } from 'node:fs/promises'

/**
 * Tells whether a file is mounted by itself, as Docker's `-v keys.json:…` and Kubernetes' `subPath` do: its name then
 * stands for the same file for ever, whatever replaces it on the host. Only Linux says so; elsewhere it is false.
 */
export async function isMountedAlone (file: string): Promise<boolean> {
  try {
    return mountPointsOf(await readFile('/proc/self/mountinfo', 'utf8')).has(await realpath(file))
  } catch {
    return false
  }
}

/**
 * Returns where the file systems of a process are mounted.
 *
 * @param mountinfo - what `/proc/PID/mountinfo` holds (proc_pid_mountinfo(5)): the fifth field is the mount point
 */
export function mountPointsOf (mountinfo: string): Set<string> {
  return new Set(mountinfo.split('\n').map(line => unescape(line.split(' ')[4] ?? '')))
}

/** Blanks, tabs, line ends and backslashes are written in octal. */
function unescape (field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_escape, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
