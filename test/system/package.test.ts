import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { filesIn } from '../support/files.ts'

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly scripts: Readonly<Record<string, string>>
}

const UNAUTHORIZED = '401 {"error":{"message":"","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}'
/** Most of what the tests take is starting programs. */
const PARALLEL = { buffered: true }
const BUILT = ['dist', 'build', 'node_modules', '.git', '.tap']

const repository = resolve(import.meta.dirname, '..', '..')

// It builds, packs and installs, over the network.
t.setTimeout(300_000)
t.jobs = availableParallelism()
const folder = await mkdtemp(join(tmpdir(), 'dbgpt-auth-package-'))
t.teardown(() => rm(folder, { recursive: true, force: true }))
const sources = join(folder, 'sources')
const consumer = join(folder, 'consumer')
const installed = join(consumer, 'node_modules', 'fastify-dbgpt-auth')
await install(await pack())

t.test('the tarball holds what users need and nothing else', PARALLEL, async t => {
  const modules = (await filesIn(join(sources, 'lib'))).map(file => file.replace(/\.ts$/, ''))
  t.same(await filesIn(installed), [
    '.env.example', 'CHANGELOG.md', 'LICENSE', 'README.md', 'README.zh-CN.md', 'SECURITY.md', 'benchmarks/README.md', 'package.json',
    ...(await filesIn(join(sources, 'docs'))).map(name => `docs/${name}`),
    ...modules.flatMap(name => [`dist/${name}.d.ts`, `dist/${name}.js`, `dist/${name}.js.map`])
  ].sort())
})

t.test('an install runs nothing of the package', PARALLEL, async t => {
  const { scripts } = await manifestIn(installed)
  t.same(['preinstall', 'install', 'postinstall', 'preprepare', 'prepare', 'postprepare'].filter(name => name in scripts), [])
})

for (const program of ['default.mjs', 'named.mjs', 'named.cjs', 'namespace.cjs']) {
  t.test(`${program} guards its app`, PARALLEL, async t => {
    t.same(await lines(program), [UNAUTHORIZED, '200 16'])
  })
}

const resolutions = {
  nodenext: ['--module', 'nodenext'],
  bundler: ['--module', 'esnext', '--moduleResolution', 'bundler']
} as const

for (const [name, flags] of Object.entries(resolutions)) {
  t.test(`a TypeScript program compiles under ${name} with every check on, and guards its app`, PARALLEL, async t => {
    await compile('typed.ts', '--outDir', name, ...flags)
    await cp(join(consumer, 'check.cjs'), join(consumer, name, 'check.cjs'))
    t.same(await lines(`${name}/typed.js`), [UNAUTHORIZED, '200 16'])
  })
}

t.test('a Redis is named without its client being installed: the error says what to install', PARALLEL, async t => {
  const message = 'FST_DBGPT_AUTH_REDIS_CLIENT Keys in Redis need the package @redis/client: run "npm install @redis/client"'
  t.same(await lines('redis.cjs'), [message, message])
})

t.test('the command is installed, and makes a key', PARALLEL, async t => {
  const command = join(consumer, 'node_modules', '.bin', 'dbgpt-auth')
  const variables = ['-i', `PATH=${dirname(process.execPath)}:/usr/bin:/bin`]
  const { stdout } = await promisify(execFile)('env', [...variables, command, 'create', '--name', 'web', '--store', 'keys.json'], {
    cwd: consumer
  })
  t.match(stdout, /^key {6}dbgpt_\w{46}\nid /)
  t.match(await readFile(join(consumer, 'keys.json'), 'utf8'), /"name":"web"/)
})

t.test('a stack trace names the line of the TypeScript source, which the source map holds', PARALLEL, async t => {
  for (const file of await filesIn(join(sources, 'lib'))) {
    const map = JSON.parse(
      await readFile(join(installed, 'dist', file.replace(/ts$/, 'js.map')), 'utf8')
    ) as { sources: string[], sourcesContent: string[] }
    t.same(map.sources.map(source => join('dist', file, '..', source)), [join('lib', file)])
    t.same(map.sourcesContent, [await readFile(join(sources, 'lib', file), 'utf8')], file)
  }
  const trace = await lines('--enable-source-maps', 'throw.mjs')
  const [, path = '', line] = /\(([^()]+):(\d+):\d+\)$/.exec(trace.find(line => line.includes('createApiKey')) ?? '') ?? []
  const file = relative(installed, path.startsWith('file:') ? fileURLToPath(path) : path)
  const above = (await readFile(join(sources, file), 'utf8')).split('\n').slice(0, Number(line))
  t.match(above.findLast(line => /^(export )?(async )?function /.test(line)), 'function createApiKey ')
})

t.test('an import loads the package and its runtime dependencies, Fastify not among them; a guarded app needs each', PARALLEL, async t => {
  const allowed = await dependenciesOf('fastify-dbgpt-auth')
  const imported = await packagesOf('import.mjs')
  t.same([...imported].filter(name => !allowed.has(name)), [])
  t.ok(imported.has('fastify-dbgpt-auth') && !imported.has('fastify'))
  const used = await packagesOf('default.mjs')
  for (const name of Object.keys((await manifestIn(repository)).dependencies)) t.ok(used.has(name), name)
})

/** Names the packages that a program of the consumer's loads. */
async function packagesOf (program: string): Promise<Set<string>> {
  const coverage = join(folder, `coverage-${program}`)
  await run(consumer, `NODE_V8_COVERAGE=${coverage}`, process.execPath, program)
  const [report = ''] = await readdir(coverage)
  const { result } = JSON.parse(await readFile(join(coverage, report), 'utf8')) as { result: { url: string }[] }
  return new Set(result.flatMap(({ url }) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []))
}

/** Packs a copy of the tree, so that no other test sees `dist` change. */
async function pack (): Promise<string> {
  await cp(repository, sources, { recursive: true, filter: file => !BUILT.includes(basename(file)) })
  await symlink(join(repository, 'node_modules'), join(sources, 'node_modules'))
  await run(sources, 'npm', 'pack', '--pack-destination', folder)
  const tarball = (await readdir(folder)).find(file => file.endsWith('.tgz'))
  return join(folder, tarball ?? '')
}

async function install (tarball: string): Promise<void> {
  const { devDependencies } = await manifestIn(repository)
  const peers = ['fastify', '@types/node'].map(name => `${name}@${devDependencies[name]}`)
  await cp(join(repository, 'test', 'system', 'consumer'), consumer, { recursive: true })
  await writeFile(join(consumer, 'package.json'), '{ "type": "module", "private": true }')
  await run(consumer, 'npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', tarball, ...peers)
}

/** Runs a program as a user's shell would: without the loaders that tap puts into every child process. */
async function run (cwd: string, ...command: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('env', ['-u', 'NODE_OPTIONS', ...command], { cwd })
  return stdout
}

async function compile (...args: string[]): Promise<void> {
  const tsc = join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
  const checks = ['--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false', '--target', 'es2023', '--types', 'node']
  await run(consumer, process.execPath, tsc, ...checks, ...args)
}

async function lines (...args: string[]): Promise<string[]> {
  return (await run(consumer, process.execPath, ...args)).trimEnd().split('\n')
}

async function manifestIn (path: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(path, 'package.json'), 'utf8')) as Manifest
}

/** Names a package and all that is installed on its behalf, its peers aside. */
async function dependenciesOf (name: string): Promise<Set<string>> {
  const lock = JSON.parse(await readFile(join(consumer, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dependencies?: Record<string, string> }>
  }
  const names = new Set([name])
  for (const each of names) {
    for (const [path, { dependencies = {} }] of Object.entries(lock.packages)) {
      if (path.endsWith(`node_modules/${each}`)) for (const next of Object.keys(dependencies)) names.add(next)
    }
  }
  return names
}
