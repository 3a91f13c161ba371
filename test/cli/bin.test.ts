import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { FileKeyStore } from '../../lib/index.ts'
import { KEY } from '../support/app.ts'
import { keyIn } from '../support/cli.ts'
import { makeTemporaryFolder } from '../support/files.ts'
import { makeKeyFile } from '../support/key-file.ts'
import { bareNode } from '../support/process.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '..', '..')
const BUILT = join(ROOT, 'dist', 'cli', 'bin.js')

t.test('the sources run as a command, and exit with its code', async t => {
  const command = [...process.execArgv, join(ROOT, 'lib', 'cli', 'bin.ts')]
  const { stdout } = await run(process.execPath, [...command, '--help'])
  t.match(stdout, /^Usage: dbgpt-auth/)
  const wrong = await run(process.execPath, [...command, 'destroy']).catch(error => error)
  t.match(wrong, { code: 2, stdout: '', stderr: 'dbgpt-auth: there is no such command, see "dbgpt-auth --help"\n' })
})

t.test('who has read enough of the output may close it', async t => {
  const { file } = await makeKeyFile(t)
  const keys = Array.from({ length: 5000 }, (_, index) => `${KEY}${index}`).join('\n')
  await writeFile(`${file}.keys`, keys)
  const sources = [process.execPath, ...process.execArgv, join(ROOT, 'lib', 'cli', 'bin.ts')]
  const command = sources.map(argument => JSON.stringify(argument)).join(' ')
  await run('bash', ['-c', `${command} import --store ${file} < ${file}.keys`])
  const { stdout, stderr } = await run('bash', ['-c', `${command} list --store ${file} | head -n 1`])
  t.match({ stdout, stderr }, { stdout: /^NAME .*\n$/, stderr: '' })
})

t.test('a key that could not be printed is a failure that says so', async t => {
  const { file } = await makeKeyFile(t)
  const command = [process.execPath, ...process.execArgv, join(ROOT, 'lib', 'cli', 'bin.ts')]
    .map(argument => JSON.stringify(argument)).join(' ')
  const failed = await run('bash', ['-c', `${command} create --name web --quiet --store ${file} > /dev/full`]).catch(error => error)
  t.match(failed, { code: 1, stderr: /^dbgpt-auth: the output could not be written: revoke the key/ })
})

t.test('50 processes that create at once all get their key in', async t => {
  const { file, records } = await makeKeyFile(t)
  const runs = await Promise.all(Array.from({ length: 50 }, async (_, index) =>
    await run(...bareNode([BUILT, 'create', '--name', `client ${index}`, '--store', file]))))
  t.equal(new Set(runs.map(({ stdout }) => keyIn(stdout))).size, 50)
  t.equal(new Set((await records()).map(({ name }) => name)).size, 50)
  t.same(await readdir(dirname(file)), ['keys.json'], 'nothing is left behind')
})

t.test('processes that are killed as they write leave a valid file with every key that they told of', async t => {
  const folder = await makeTemporaryFolder(t)
  const file = join(folder, 'keys.json')
  const program = join(folder, 'program.mjs')
  await writeFile(program, `
    import { createApiKey, FileKeyStore, generateApiKey } from ${JSON.stringify(join(ROOT, 'dist', 'index.js'))}
    const store = new FileKeyStore(${JSON.stringify(file)})
    for (;;) {
      const key = createApiKey(generateApiKey())
      await store.add(key)
      console.log(key.id)
    }`)
  const told: string[] = []
  /** Lets a writer tell of some keys, then kills it within the next milliseconds. */
  const killOne = async (count: number, delay: number): Promise<void> => {
    const child = spawn(...bareNode([program]), { stdio: ['ignore', 'pipe', 'inherit'] })
    let seen = 0
    createInterface(child.stdout).on('line', id => {
      told.push(id)
      if (++seen === count) setTimeout(() => child.kill('SIGKILL'), delay)
    })
    await once(child, 'close')
  }
  for (let round = 0; round < 25; round++) {
    await Promise.all([0, 1, 2, 3].map(async writer => await killOne(1 + writer, (round + 3 * writer) % 11)))
    const ids = new Set((await new FileKeyStore(file).list()).map(({ id }) => id))
    t.ok(told.every(id => ids.has(id)), `after ${4 * (round + 1)} killed processes`)
  }
  t.ok(told.length >= 100)
})
