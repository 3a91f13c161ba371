// Runs the tests, and says of each file in one line how it went: how many assertions passed, and in what time. What
// failed follows in full, then what was skipped, and why.
//
//   node scripts/test.mjs                            all but the next; every line of lib/ and gateway/lib/ must be covered
//   node scripts/test.mjs --only e2e                 from end to end: fleets, packages, the documentation, deployments
//   node scripts/test.mjs test/keys/generate.test.ts one file, several, or a folder
//   node scripts/test.mjs --only unit                what starts no process, a folder in one: most of the time is its start
//   node scripts/test.mjs --only node                what can differ between versions of Node
//   node scripts/test.mjs --only portable            what runs on every system
//   node scripts/test.mjs --only unit --fastify 5.3.0  on another Fastify than the repository's own, installed to build/
//   node scripts/test.mjs --changed                  what has changed since its last run, or imports what has
//
// With --quiet, files that went well are not named. All that tests print is kept in build/tests.log.
import { spawn, spawnSync } from 'node:child_process'
import { createWriteStream, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { uncovered } from './coverage.mjs'
import { Results } from './results.mjs'
import { sharesProcess, SLOW, testFiles } from './test-files.mjs'

const ROOT = join(import.meta.dirname, '..')
const TAP = join(ROOT, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs')
process.chdir(ROOT)

const { values, positionals } = parseArgs({
  options: {
    only: { type: 'string' },
    changed: { type: 'boolean' },
    fastify: { type: 'string' },
    jobs: { type: 'string' },
    quiet: { type: 'boolean' }
  },
  allowPositionals: true
})
const whole = values.only === undefined && !values.changed && positionals.length === 0
// Without a Redis, what is written for it is not run.
const hasRedis = spawnSync('redis-server', ['--version']).error === undefined
const gated = whole && hasRedis

// What an earlier run has left would be reported.
if (!gated) rmSync(join('.tap', 'coverage'), { recursive: true, force: true })

const begin = performance.now()
const named = testFiles(values.only, positionals)
const files = (whole || ['unit', 'e2e'].includes(values.only)) && positionals.length === 0 ? byFolder(named) : named
// One more than there are cores, for much of it waits.
const child = spawn(process.execPath, [
  TAP, '--reporter=tap', `--jobs=${values.jobs ?? availableParallelism() + 1}`,
  ...(gated ? ['--coverage-report=lcovonly'] : ['--disable-coverage']), ...(values.changed ? ['--changed'] : []), ...files
], { stdio: ['inherit', 'pipe', 'pipe'], env: { ...process.env, ...values.fastify && { FASTIFY: installFastify(values.fastify) } } })

mkdirSync('build', { recursive: true })
const log = createWriteStream(join('build', 'tests.log'))
const results = new Results(line => console.log(line), values.quiet)
child.stdout.on('data', chunk => log.write(chunk)).pipe(results.parser)
// What comes too late for its parent, tap prints and does not count.
let lost = false
child.stderr.on('data', chunk => {
  log.write(chunk)
  lost ||= String(chunk).includes('after parent test ends')
}).pipe(process.stderr)

const code = await new Promise(resolve => child.on('close', code => resolve(code ?? 1)))
log.end()
results.summarize(values.changed ? [] : files)
if (gated && code !== 0) for (const line of uncovered(join('.tap', 'report', 'lcov.info'))) console.log(line)
if (whole && !hasRedis) console.log('coverage is not checked: there is no redis-server on this machine')
const { passed, failed, skipped } = results.counts
const seconds = Math.round((performance.now() - begin) / 1000)
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}, in ${seconds} s`)
if (lost) console.log('FAILED: tests began after the end of what they are in, and were not counted')
process.exitCode = code || (failed > 0 || lost || !results.parser.ok ? 1 : 0)

/** Makes one file of those tests of a folder that can share a process, one after the other; the slow ones begin first. */
function byFolder (files) {
  const folder = join('build', 'unit')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const shared = files.filter(sharesProcess)
  const bundles = [...new Set(shared.map(dirname))].map(from => {
    const bundle = join(folder, `${from.replaceAll(/[\\/]/g, '-')}.test.mjs`).replaceAll('\\', '/')
    // Not one by one: what a test changes for its time would be there when the next file is loaded.
    writeFileSync(bundle, shared.filter(file => dirname(file) === from).map(file => `import '../../${file}'\n`).join(''))
    return bundle
  })
  return [...files.filter(file => !sharesProcess(file)).sort((a, b) => rank(a) - rank(b)), ...bundles]
}

/** So that no core waits at the end for one file that takes half a minute. */
function rank (file) {
  const at = SLOW.findIndex(name => file.includes(name))
  return at === -1 ? SLOW.length : at
}

/** Installs a Fastify apart from the repository's own, once, and returns its folder. */
function installFastify (version) {
  const folder = join('build', 'fastify', version)
  if (!existsSync(join(folder, 'node_modules', 'fastify'))) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "private": true }')
    const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock']
    const { status } = spawnSync('npm', ['install', ...flags, `fastify@${version}`], { cwd: folder, stdio: 'inherit' })
    if (status !== 0) throw new Error(`Fastify ${version} cannot be installed`)
  }
  console.log(`on Fastify ${version}, of ${folder}`)
  return folder
}
