import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path/posix'
import t from 'tap'
import ts from 'typescript'

const MAX_LINES = 180
// Paths of somebody's machine, and hosts that a package manager downloads from.
const MACHINE_PATH = /(?<![\w.~-])(?:\/(?:home|Users|root|work)\/\w|[A-Z]:\\{1,2}Users\b)/
const REGISTRY_HOST = /\b(?:(?:registry|mirrors?|packages)\.[\w-]+\.(?:org|com|net|io|dev|cn)|deb\.debian\.org)\b/i

const tracked = git('ls-files', '--cached', '--others', '--exclude-standard').filter(file => existsSync(file))
const texts = new Map(tracked.map(file => [file, readFileSync(file, 'utf8')]))
const lib = tracked.filter(file => /^lib\/.*\.ts$/.test(file))
const imports = new Map(lib.map(file => [file, importsOf(file)]))

t.test('every file of lib but the public names and the types has its test file', async t => {
  const tested = lib.filter(file => file !== 'lib/index.ts' && file !== 'lib/types.ts')
  t.ok(tested.length > 0)
  t.same(tested.map(file => file.replace(/^lib\/(.*)\.ts$/, 'test/$1.test.ts')).filter(test => !texts.has(test)), [])
})

t.test('the files of lib import nothing of the repository but each other', async t => {
  t.same([...imports.values()].flat().filter(file => !lib.includes(file)), [])
})

t.test('no files of lib import each other in a circle', async t => {
  t.same(lib.filter(file => reachableFrom(file).has(file)), [])
})

t.test('the files at the top are imported by none below, those at the bottom import none', async t => {
  t.same(importersOf('lib/index.ts'), [])
  t.same(importersOf('lib/plugin.ts'), ['lib/index.ts'])
  t.same(imports.get('lib/types.ts'), [])
  t.same(imports.get('lib/errors.ts'), [])
})

t.test('every file of lib is an entry of the package or imported by way of one', async t => {
  const entries = [...textOf('package.json').matchAll(/"(?:\.\/)?dist\/(.*)\.js"/g)].map(([, name]) => `lib/${name}.ts`)
  const reached = new Set(entries.flatMap(entry => [entry, ...reachableFrom(entry)]))
  t.same(lib.filter(file => !reached.has(file)), [])
})

t.test(`no file of lib is longer than ${MAX_LINES} lines`, async t => {
  t.same(lib.filter(file => linesOf(file) > MAX_LINES), [])
})

t.test('no file names a path of a machine or the host of a registry', async t => {
  t.ok(texts.size > lib.length)
  t.same(tracked.filter(file => MACHINE_PATH.test(textOf(file))), [])
  t.same(tracked.filter(file => REGISTRY_HOST.test(textOf(file))), [])
})

t.test('the lock file says where no package comes from', async t => {
  const { packages } = JSON.parse(textOf('package-lock.json')) as { packages: Record<string, { resolved?: string }> }
  t.ok(Object.keys(packages).length > 1)
  t.same(Object.keys(packages).filter(path => packages[path]?.resolved !== undefined), [])
})

t.test('the errors and their documentation are of the same codes', async t => {
  const codes = lib.filter(file => file.endsWith('/errors.ts')).flatMap(codesIn).sort()
  t.ok(codes.length > 0)
  t.same(codesIn('docs/errors.md'), codes)
})

function git (...args: string[]): string[] {
  return execFileSync('git', args, { encoding: 'utf8' }).trimEnd().split('\n')
}

function textOf (file: string): string {
  return texts.get(file) ?? ''
}

function importsOf (file: string): string[] {
  return ts.preProcessFile(textOf(file)).importedFiles
    .map(({ fileName }) => fileName)
    .filter(name => name.startsWith('.'))
    .map(name => join(file, '..', name))
}

function importersOf (target: string): string[] {
  return lib.filter(file => imports.get(file)?.includes(target))
}

function reachableFrom (file: string): Set<string> {
  const reached = new Set(imports.get(file))
  for (const each of reached) for (const next of imports.get(each) ?? []) reached.add(next)
  return reached
}

/** Counts lines; the types are a contract, most of it TSDoc, which is not counted there. */
function linesOf (file: string): number {
  const lines = textOf(file).trimEnd().split('\n')
  return file === 'lib/types.ts' ? lines.filter(line => !/^\s*\/?\*/.test(line)).length : lines.length
}

function codesIn (file: string): string[] {
  return [...new Set(textOf(file).match(/\bFST_DBGPT_AUTH_[A-Z_]+\b/g))].sort()
}
