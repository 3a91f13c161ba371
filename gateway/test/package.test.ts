import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { bearer } from '../../test/support/app.ts'
import { ROOT } from '../../test/support/build.ts'
import { keyIn } from '../../test/support/cli.ts'
import { listening } from '../../test/support/demo-server.ts'
import { filesIn, makeTemporaryFolder } from '../../test/support/files.ts'
import { Program } from '../../test/support/process.ts'
import { until } from '../../test/support/until.ts'
import { packPackages } from './support/tarballs.ts'

// It packs and installs, over the network.
t.setTimeout(300_000)
const SECRET = 'a secret of more than 32 characters for the tests'
/** What of the environment decides how npm reaches its registry. */
const PASSED = /^(HOME|npm_config_(registry|cache|userconfig)|https?_proxy|no_proxy)$/i
const PATH = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`

const folder = await makeTemporaryFolder(t)
const installed = join(folder, 'node_modules', 'dbgpt-gateway')
await install()

t.test('the tarball holds the program, how to deploy it, and nothing else', async t => {
  const names = (await filesIn(join(ROOT, 'gateway', 'lib'))).map(file => file.replace(/\.ts$/, ''))
  t.same((await filesIn(installed)).filter(name => !name.startsWith('deploy/')), [
    'LICENSE', 'README.md', 'package.json', ...names.flatMap(name => [`dist/${name}.js`, `dist/${name}.js.map`])
  ].sort())
  t.equal(await readFile(join(installed, 'LICENSE'), 'utf8'), await readFile(join(ROOT, 'LICENSE'), 'utf8'))
})

t.test('what is installed is one Fastify and one plugin, and nothing that only tests or other apps need', async t => {
  const { packages } = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8')) as { packages: Record<string, object> }
  const copies = (name: string): string[] => Object.keys(packages).filter(path => path.endsWith(`node_modules/${name}`))
  for (const name of ['fastify', 'fastify-dbgpt-auth', '@redis/client']) t.same(copies(name), [`node_modules/${name}`])
  for (const name of ['typescript', 'tap', 'playwright-core', 'openai']) t.same(copies(name), [], name)
})

t.test('without a setting, it runs in front of the stand-in, open and saying so', async t => {
  const url = await listening(start({ PORT: '0' }))
  t.equal((await fetch(`${url}/flows`)).status, 200)
  t.equal((await fetch(`${url}/v1/models`)).status, 200)
})

t.test('keys are made and revoked by the command that comes with it, while it runs', async t => {
  await writeFile(join(folder, '.env'), `API_KEYS_FILE=keys.json\nSESSION_SECRET=${SECRET}\nNODE_ENV=production\n`)
  const key = keyIn(await npx('dbgpt-auth', 'create', '--name', 'alice', '--store', 'keys.json'))
  const program = start({ PORT: '0' })
  const url = await listening(program)
  const statusOf = async (headers = {}): Promise<number> => (await fetch(`${url}/v1/models`, { headers })).status
  t.equal(await statusOf(), 401)
  t.equal(await statusOf(bearer(key)), 200)
  const login = await fetch(`${url}/login`, { method: 'POST', body: new URLSearchParams({ key }), redirect: 'manual' })
  t.equal(login.status, 303)

  await npx('dbgpt-auth', 'revoke', 'alice', '--store', 'keys.json')
  await until(async () => await statusOf(bearer(key)) === 401)
  program.kill('SIGTERM')
  t.match(await program.exit, { code: 0 })
})

/** Installs both packages into an empty folder, as their tarballs. */
async function install (): Promise<void> {
  const tarballs = await packPackages(t)
  const files = (await readdir(tarballs)).map(name => join(tarballs, name))
  await run('npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', ...files)
}

function start (env: Record<string, string>): Program {
  return new Program(t, join(folder, 'node_modules', '.bin', 'dbgpt-gateway'), { cwd: folder, env })
}

async function npx (...args: string[]): Promise<string> {
  return await run('npx', '--no-install', ...args)
}

/** Runs a command in the folder as a user's shell would: with nothing of what tap and npm put into the environment. */
async function run (...command: string[]): Promise<string> {
  const passed = Object.entries(process.env).filter(([name]) => PASSED.test(name)).map(([name, value]) => `${name}=${value}`)
  return (await promisify(execFile)('env', ['-i', `PATH=${PATH}`, ...passed, ...command], { cwd: folder })).stdout
}
