import { execFile, execFileSync } from 'node:child_process'
import { mkdir, readFile, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { built, ROOT } from './build.ts'
import { makeTemporaryFolder } from './files.ts'

interface Manifest {
  readonly dependencies: object
  readonly files: readonly string[]
}

const MAX_BYTES = 64 * 1024 * 1024
let tarball: Promise<Buffer> | undefined

/**
 * Makes a folder for the length of a test in which packages are installed, without the network: this one from a
 * tarball of the build, others by a link to the repository's.
 */
export async function installPackages (t: Test, names: readonly string[]): Promise<string> {
  const folder = await makeTemporaryFolder(t)
  const installed = join(folder, 'node_modules')
  const links = new Set(names)
  if (links.delete('fastify-dbgpt-auth')) {
    const { dependencies, files } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as Manifest
    await unpack(join(installed, 'fastify-dbgpt-auth'), files)
    for (const name of Object.keys(dependencies)) links.add(name)
  }
  for (const name of links) {
    await mkdir(dirname(join(installed, name)), { recursive: true })
    await symlink(join(ROOT, 'node_modules', name), join(installed, name), 'junction')
  }
  return folder
}

async function unpack (folder: string, files: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true })
  execFileSync('tar', ['-x', '-C', folder], { input: await (tarball ??= pack(files)) })
}

/** What npm would pack, in a tenth of the time; test/system/package.test.ts asks npm itself. */
async function pack (files: readonly string[]): Promise<Buffer> {
  built('dist/index.js')
  const command = ['-c', '-C', ROOT, 'package.json', 'README.md', 'LICENSE', ...files]
  return (await promisify(execFile)('tar', command, { encoding: 'buffer', maxBuffer: MAX_BYTES })).stdout
}
