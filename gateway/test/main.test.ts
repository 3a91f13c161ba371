import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { main } from '../lib/main.ts'
import { readSettings } from '../lib/settings.ts'
import { built } from '../../test/support/build.ts'
import { bareNode } from '../../test/support/process.ts'
import { startSources } from './support/sources.ts'

/** What the plugin reads, beside the gateway's own settings. */
const OF_THE_PLUGIN = ['API_AUTH', 'API_KEYS', 'API_KEYS_FILE', 'API_KEYS_USAGE']

async function run (...args: readonly string[]): Promise<{ stdout: string, stderr: string, exitCode: unknown }> {
  const written = { stdout: '', stderr: '', exitCode: 0 }
  const to = (name: 'stdout' | 'stderr') => ({ write: (text: string) => { written[name] += text } })
  const surroundings = { stdout: to('stdout'), stderr: to('stderr'), exitCode: 0 }
  await main(args, surroundings)
  return { ...written, exitCode: surroundings.exitCode }
}

t.test('the help names each variable, and no other', async t => {
  const { stdout: help, ...others } = await run('--help')
  t.same(others, { stderr: '', exitCode: 0 })
  const named = [...help.matchAll(/^ {2}([A-Z_]+(?:, [A-Z_]+)*) {2}/gm)].flatMap(([, names = '']) => names.split(', '))
  t.same(named.toSorted(), [...Object.keys(await readSettings({ METRICS_PORT: '9464' })), ...OF_THE_PLUGIN].toSorted())
  for (const other of ['-h', 'help']) t.equal((await run(other)).stdout, help, other)
})

t.test('the version is the package\'s', async t => {
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  for (const argument of ['--version', '-v']) t.same(await run(argument), { stdout: `${version}\n`, stderr: '', exitCode: 0 }, argument)
})

t.test('any other argument is refused, and starts nothing', async t => {
  for (const args of [['--port=8080'], ['start'], [''], ['--help', '--version'], ['-v', 'x']]) {
    t.match(await run(...args), { stdout: '', stderr: /^dbgpt-gateway: it takes --help and --version alone; .*\n$/, exitCode: 2 }, args.join(' '))
  }
  const [name, args] = bareNode([built('gateway/dist/bin.js'), '--port=8080'])
  const error = await promisify(execFile)(name, args).catch(error => error)
  t.match(error, { code: 2, stdout: '', stderr: /^dbgpt-gateway: / }, 'as a process')
})

t.test('the command for keys comes with it, wherever a package manager leaves the plugin\'s own', async t => {
  built('dist/cli/bin.js')
  const program = await startSources(t, {}, ['dbgpt-auth.ts', 'list', '--store', 'none.json'])
  t.match(await program.exit, { code: 1 }, 'and so does its exit code')
  t.match(program.output.stderr, /^dbgpt-auth: .*none\.json/)
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  const { stdout } = await promisify(execFile)(...bareNode([built('gateway/dist/dbgpt-auth.js'), '--version']))
  t.equal(stdout.trim(), version)
})
