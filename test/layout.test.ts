import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import t from 'tap'
import ts from 'typescript'

/** The rooms of the two packages, from the top down: what stands on one floor does not know its neighbours. */
const FLOORS = [['index', 'metrics', 'openapi'], ['plugin', 'commonjs', 'subscribe'], ['cli'], ['doctor'], ['config'], ['guard', 'stores'], ['keys'], ['types', 'errors']]
const GATEWAY_FLOORS = [
  ['bin', 'dbgpt-auth'], ['main'], ['help', 'run'], ['announce', 'app', 'metrics', 'probe', 'upstream'], ['settings', 'health', 'shutdown', 'streams', 'login', 'proxy'],
  ['sessions', 'users'], ['door', 'dotenv'], ['answers', 'redis', 'scope']
]
/** How many lines a file should have at most; past that, ask what second thing it does. */
const MAX_LINES = { lib: 150, test: 300 }
/** The files that are longer, and why. */
const LONGER: Readonly<Record<string, string>> = {
  'gateway/lib/app.ts': 'the order in which hooks and routes are registered, in one place',
  'gateway/lib/proxy/proxy.ts': 'one request on its way to DB-GPT and back',
  'lib/stores/redis/feed.ts': 'one state machine: up, lost, back',
  'lib/stores/redis/store.ts': 'half of it TSDoc of what users meet',
  'lib/stores/redis/writer.ts': 'each change of the contract with its script and its faults',
  'lib/types.ts': 'the public contract, most of it TSDoc',
}
// Paths of somebody's machine, and hosts that a package manager downloads from.
const MACHINE_PATH = /(?<![\w.~-])(?:\/(?:home|Users|root|work)\/\w|[A-Z]:\\{1,2}Users\b)/
const REGISTRY_HOST = /\b(?:(?:registry|mirrors?|packages)\.[\w-]+\.(?:org|com|net|io|dev|cn)|deb\.debian\.org)\b/i

const tracked = git('ls-files', '--cached', '--others', '--exclude-standard').filter(file => existsSync(file))
const texts = new Map(tracked.map(file => [file, readFileSync(file, 'utf8')]))
const lib = tracked.filter(file => /^lib\/.*\.ts$/.test(file))
const tests = tracked.filter(file => /^test\/.*\.ts$/.test(file))
const gateway = tracked.filter(file => /^gateway\/lib\/.*\.ts$/.test(file))
const gatewayTests = tracked.filter(file => /^gateway\/test\/.*\.ts$/.test(file))
const imports = new Map([...lib, ...tests, ...gateway, ...gatewayTests].map(file => [file, importsOf(file)]))
/** The files that package.json names: what users import, and the command. */
const entries = [...new Set([...textOf('package.json').matchAll(/"(?:\.\/)?dist\/(.*)\.js"/g)].map(([, name]) => `lib/${name}.ts`))]

t.test('every file of lib is loaded by a test or by a program, so that its coverage is counted', async t => {
  const loaded = reachableFrom(...tests, ...entries)
  t.ok(lib.length > 0)
  t.same(lib.filter(file => !loaded.has(file) && !entries.includes(file)), [])
})

t.test('every file of lib is an entry of the package or imported by way of one', async t => {
  const reached = reachableFrom(...entries)
  t.same(lib.filter(file => !reached.has(file) && !entries.includes(file)), [])
})

t.test('the files of lib import nothing of the repository but each other', async t => {
  t.same(lib.flatMap(file => importsFrom(file)).filter(file => !lib.includes(file)), [])
})

t.test('every file of the two packages is in a room, and imports from its own or from those below', async t => {
  const sources = [...lib, ...gateway]
  t.same(sources.filter(file => floorOf(file) === -1), [], 'a new room is given a floor here')
  const arrows = sources.flatMap(file => importsFrom(file).map(target => [file, target] as const))
  const upward = arrows.filter(([file, target]) => roomOf(file) !== roomOf(target) && floorOf(target) <= floorOf(file))
  t.same(upward.map(arrow => arrow.join(' imports ')), [])
})

t.test('the ground floor imports nothing of lib', async t => {
  for (const file of lib.filter(file => floorOf(file) === FLOORS.length - 1)) t.same(importsFrom(file), [], file)
})

t.test('no files of the two packages import each other in a circle', async t => {
  t.same([...lib, ...gateway].filter(file => reachableFrom(file).has(file)), [])
})

t.test('no folders of lib import each other in a circle', async t => {
  const folders = new Map<string, Set<string>>()
  for (const file of lib) {
    const targets = importsFrom(file).map(target => dirname(target)).filter(folder => folder !== dirname(file))
    folders.set(dirname(file), new Set([...folders.get(dirname(file)) ?? [], ...targets]))
  }
  // The files of lib/ itself are rooms of their own, which the floors see to.
  folders.delete('lib')
  const reached = (folder: string): Set<string> => {
    const all = new Set(folders.get(folder))
    for (const each of all) for (const next of folders.get(each) ?? []) all.add(next)
    return all
  }
  t.same([...folders.keys()].filter(folder => reached(folder).has(folder)), [])
})

t.test('the gateway knows the plugin by its public names alone, and no file of it is left over', async t => {
  t.ok(gateway.length > 0)
  t.same(gateway.flatMap(file => importsFrom(file)).filter(file => !gateway.includes(file)), [])
  const reached = reachableFrom('gateway/lib/bin.ts')
  t.same(gateway.filter(file => !reached.has(file)), ['gateway/lib/bin.ts', 'gateway/lib/dbgpt-auth.ts'], 'but the commands')
  t.same([...lib, ...tests].flatMap(file => importsFrom(file)).filter(file => file.startsWith('gateway/')), [])
})

t.test('what the gateway imports is what its package.json names', async t => {
  const { dependencies } = JSON.parse(textOf('gateway/package.json')) as { dependencies: Record<string, string> }
  const packages = gateway.flatMap(file => packagesOf(file))
  t.same([...new Set(packages)].sort(), Object.keys(dependencies).sort())
})

t.test('a file of lib or test that is long has its reason', async t => {
  const sources = [...lib, ...gateway]
  const long = [...sources, ...tests, ...gatewayTests]
    .filter(file => linesOf(file) > (sources.includes(file) ? MAX_LINES.lib : MAX_LINES.test))
  t.same(long.filter(file => LONGER[file] === undefined), [], 'these need to be split, or a reason here')
  t.same(Object.keys(LONGER).filter(file => !long.includes(file)), [], 'these need no reason any more')
})

t.test('no file names a path of a machine or the host of a registry', async t => {
  t.ok(texts.size > lib.length)
  t.same(tracked.filter(file => MACHINE_PATH.test(textOf(file))), [])
  t.same(tracked.filter(file => REGISTRY_HOST.test(textOf(file))), [])
})

t.test('the lock file says where no package comes from', async t => {
  const { packages } = JSON.parse(textOf('package-lock.json')) as { packages: Record<string, { resolved?: string, link?: boolean }> }
  t.ok(Object.keys(packages).length > 1)
  t.same(Object.keys(packages).filter(path => packages[path]?.resolved !== undefined && packages[path].link !== true), [])
})

t.test('the errors and their documentation are of the same codes', async t => {
  const created = /createError\(\s*'(FST_DBGPT_AUTH_\w+)'/g
  const codes = lib.flatMap(file => [...textOf(file).matchAll(created)].map(([, code]) => code))
  t.ok(codes.length > 0)
  t.same([...new Set(textOf('docs/errors.md').match(/\bFST_DBGPT_AUTH_[A-Z_]+\b/g))].sort(), codes.sort())
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

/** The packages that a file imports, without Node's own modules. */
function packagesOf (file: string): string[] {
  return ts.preProcessFile(textOf(file)).importedFiles
    .map(({ fileName }) => fileName)
    .filter(name => !name.startsWith('.') && !name.startsWith('node:'))
    .map(name => name.split('/').slice(0, name.startsWith('@') ? 2 : 1).join('/'))
}

function importsFrom (file: string): readonly string[] {
  return imports.get(file) ?? []
}

function reachableFrom (...files: string[]): Set<string> {
  const reached = new Set(files.flatMap(importsFrom))
  for (const each of reached) for (const next of importsFrom(each)) reached.add(next)
  return reached
}

/** `guard` for `lib/guard/check.ts`, `index` for `lib/index.ts`. */
function roomOf (file: string): string {
  return file.replace(/^(gateway\/)?lib\//, '').replace(/(\/.*|\.ts)$/, '')
}

function floorOf (file: string): number {
  return (file.startsWith('gateway/') ? GATEWAY_FLOORS : FLOORS).findIndex(rooms => rooms.includes(roomOf(file)))
}

function linesOf (file: string): number {
  return textOf(file).trimEnd().split('\n').length
}
