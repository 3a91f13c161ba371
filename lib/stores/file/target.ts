import { lstat, readlink, realpath } from 'node:fs/promises'
import { dirname, isAbsolute, sep } from 'node:path'

/** As many as Linux follows. */
const MAX_LINKS = 40

/**
 * Follows the symbolic links of a path to what is to be written, which need not exist.
 *
 * @throws what the file system does
 */
export async function targetOf (path: string, links = MAX_LINKS): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || links === 0) throw error
  }
  const isLink = await lstat(path).then(stats => stats.isSymbolicLink(), () => false)
  if (!isLink) return path
  const target = await readlink(path)
  // Not joined, which would drop "folder/.." also where the folder is a link itself.
  return await targetOf(isAbsolute(target) ? target : `${dirname(path)}${sep}${target}`, links - 1)
}
