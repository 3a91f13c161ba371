import { execFile, execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { built, ROOT } from './build.ts'
import { makeTemporaryFolder } from './files.ts'

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
    await unpack(join(installed, 'fastify-dbgpt-auth'))
    const { dependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { dependencies: object }
    for (const name of Object.keys(dependencies)) links.add(name)
  }
  for (const name of links) {
    await mkdir(dirname(join(installed, name)), { recursive: true })
    await symlink(join(ROOT, 'node_modules', name), join(installed, name), 'junction')
  }
  return folder
}

async function unpack (folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  execFileSync('tar', ['-xz', '--strip-components=1', '-C', folder], { input: await (tarball ??= pack()) })
}

async function pack (): Promise<Buffer> {
  built('dist/index.js')
  const folder = await mkdtemp(join(tmpdir(), 'dbgpt-auth-pack-'))
  try {
    await promisify(execFile)('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT })
    const [name = ''] = await readdir(folder)
    return await readFile(join(folder, name))
  } finally {
    await rm(folder, { recursive: true })
  }
}
