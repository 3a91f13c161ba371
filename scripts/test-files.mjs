import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path/posix'

/** What starts processes: a test that reaches one of them by its imports is no unit test. */
const STARTERS = ['node:child_process', 'test/support/process.ts', 'test/support/redis.ts', 'playwright-core']
/** What is the same whichever Node runs it: the package, its documentation, whole fleets, the repository, a browser. */
const SAME_ON_EVERY_NODE = /^test\/(system\/|layout\.)|^gateway\/test\/(.*browser|documentation|package|deploy\/)/
/** What runs from end to end: fleets, packages as they are installed, the documentation, deployments. */
const END_TO_END = /^test\/system\/|^gateway\/test\/(documentation|package|deploy\/)/

/** What takes longest, by its name, from the longest down: begun last, it would have one core busy alone. */
export const SLOW = [
  'system/docs-typescript', 'system/topology', 'system/package', 'gateway/test/package', 'gateway/test/process', 'recipes/frameworks', 'recipes/callers', 'recipes/limits', 'recipes/stores',
  'system/fleet', 'system/faults', 'look-browser', 'gateway/test/ends', 'redis/store', 'cli/bin', 'system/rotation', 'redis/feed.',
  'redis/replicas', 'streams', 'shutdown', 'test/browser', 'websocket', 'identity', 'redis/reasons'
]
/** What starts a server of its own at most, and can follow others in their process, as each has cleared up. */
const SHARING = /^gateway\/test\/(answers|door|login|redis|upstream|users)\//

/** Tells whether a test can be run in one process with others of its folder: most of its time is its start. */
export function sharesProcess (file) {
  return isUnit(file) || SHARING.test(file)
}

/** The files of tests: those of a kind, and of them those that are named or in a folder that is. */
export function testFiles (kind = 'main', names = []) {
  const files = filesOf(kind === 'main' && names.length > 0 ? 'all' : kind)
  if (names.length === 0) return files
  return names.map(name => join(name)).flatMap(name => {
    const named = files.filter(file => file === name || file.startsWith(`${name.replace(/\/$/, '')}/`))
    if (named.length === 0) throw new Error(`there is no test at ${name}`)
    return named
  })
}

function filesOf (kind) {
  const all = ['test', 'gateway/test'].flatMap(folder => readdirSync(folder, { recursive: true })
    .map(name => join(folder, name.replaceAll('\\', '/'))).filter(name => name.endsWith('.test.ts')).sort())
  if (kind === 'all') return all
  if (kind === 'main') return all.filter(file => !END_TO_END.test(file))
  if (kind === 'e2e') return all.filter(file => END_TO_END.test(file))
  if (kind === 'unit') return all.filter(isUnit)
  if (kind === 'node') return all.filter(file => !SAME_ON_EVERY_NODE.test(file))
  if (kind === 'portable') return all.filter(file => isUnit(file) || file.startsWith('test/stores/file/'))
  throw new Error(`--only takes unit, e2e, node or portable, not ${kind}`)
}

function isUnit (file) {
  if (/^(test\/(system|examples)|gateway)\//.test(file)) return false
  const reached = new Set([file])
  for (const each of reached) for (const next of importsOf(each)) reached.add(next)
  return !STARTERS.some(starter => reached.has(starter)) || file === 'test/layout.test.ts'
}

/** The modules that a file imports; of the repository's own, only those of `test/` are looked into. */
function importsOf (file) {
  if (!file.startsWith('test/')) return []
  return [...readFileSync(file, 'utf8').matchAll(/ from '([^']+)'|^import '([^']+)'/gm)]
    .map(([, from, bare]) => from ?? bare)
    .map(name => name.startsWith('.') ? join(file, '..', name) : name)
}
