import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './build.ts'

/** Returns the binary of another major version of Node, which is installed to `build/` once. */
export function otherNode (major: number): string {
  if (Number(process.versions.node.split('.')[0]) === major) return process.execPath
  const folder = join(ROOT, 'build', 'node', String(major))
  const name = `node-${process.platform}-${process.arch}`
  const binary = join(folder, 'node_modules', name, 'bin', 'node')
  if (!existsSync(binary)) {
    execFileSync('npm', [
      'install', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock', `${name}@${major}`
    ], { stdio: 'inherit' })
  }
  return binary
}
