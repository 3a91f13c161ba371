import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { createApiKey, FileKeyStore } from '../../lib/index.ts'
import { serializeKeyFile } from '../../lib/stores/file/key-file.ts'
import { KEY } from '../support/app.ts'
import { built, ROOT } from '../support/build.ts'
import { keyIn } from '../support/cli.ts'
import { runBuiltCommand } from '../support/command.ts'
import { makeTemporaryFolder } from '../support/files.ts'
import { makeKeyFile } from '../support/key-file.ts'
import { bareNode } from '../support/process.ts'

const run = promisify(execFile)
/** The command as it stands in the sources, so that what is run of it counts as covered. */
const SOURCES = [process.execPath, ...process.execArgv, join(ROOT, 'lib', 'cli', 'bin.ts')]
/** The same for a shell. */
const SHELL = SOURCES.map(argument => JSON.stringify(argument)).join(' ')
/** Without tap's own compiler, which it tells processes of tests to load. */
const env = { ...process.env, TAP_TYPE_STRIP_ONLY: '1' }
/** Makes a terminal for a command. */
const skipTerminal = await run('script', ['--version']).then(() => false as const, () => 'there is no command script here: apt-get install bsdutils')
const CREATORS = 12
const ROUNDS = 3
const WRITERS = 8

t.test('the sources run as a command, and exit with its code', async t => {
  const [node = '', ...command] = SOURCES
  const { stdout } = await run(node, [...command, '--help'], { env })
  t.match(stdout, /^Usage: dbgpt-auth/)
  const wrong = await run(node, [...command, 'destroy'], { env }).catch(error => error)
  t.match(wrong, { code: 2, stdout: '', stderr: 'dbgpt-auth: there is no such command, see "dbgpt-auth --help"\n' })
})

t.test('who has read enough of the output may close it', async t => {
  const { file } = await makeKeyFile(t)
  // More than a pipe holds.
  const keys = Array.from({ length: 3000 }, (_, index) => createApiKey(`${KEY}${index}`))
  await writeFile(file, serializeKeyFile(keys))
  const { stdout, stderr } = await run('bash', ['-c', `${SHELL} list --store ${file} | head -n 1`], { env })
  t.match({ stdout, stderr }, { stdout: /^NAME .*\n$/, stderr: '' })
})

t.test('who closes the output of a verb\'s help has read enough of it, and of a change has not', async t => {
  const { file } = await makeKeyFile(t)
  await writeFile(file, serializeKeyFile([createApiKey({ key: KEY, name: 'web' })]))
  const runClosed = async (command: string): Promise<unknown> =>
    await run('bash', ['-o', 'pipefail', '-c', `${SHELL} ${command} | true`], { env }).catch(error => error)
  for (const help of ['--help', '-h']) t.match(await runClosed(`create ${help}`), { stdout: '', stderr: '' }, help)
  t.match(await runClosed(`revoke web --store ${file}`), { code: 1, stderr: 'dbgpt-auth: the output could not be written: EPIPE\n' })
})

t.test('the command reads what is piped into it', async t => {
  const { file, records } = await makeKeyFile(t)
  await run('bash', ['-c', `printf %s ${KEY} | ${SHELL} import --store ${file}`], { env })
  t.match(await records(), [{ id: createApiKey(KEY).id }])
})

t.test('a list that could not be written whole is a failure', async t => {
  const { file } = await makeKeyFile(t)
  await writeFile(file, serializeKeyFile([createApiKey(KEY)]))
  const failed = await run('bash', ['-c', `${SHELL} list --json --store ${file} > /dev/full`], { env }).catch(error => error)
  t.match(failed, { code: 1, stderr: 'dbgpt-auth: the output could not be written: ENOSPC\n' })
})

t.test('errors that nobody can be told of keep no old key from ending', async t => {
  const { file, records } = await makeKeyFile(t)
  await writeFile(file, serializeKeyFile([createApiKey({ key: KEY, name: 'web' })]))
  const { stdout } = await run('bash', ['-c', `${SHELL} rotate web --store ${file} 2> /dev/full`], { env })
  t.match(keyIn(stdout), /^dbgpt_/)
  t.match(await records(), [{ id: createApiKey(KEY).id, expiresAt: Date }, { name: 'web' }])
})

t.test('a terminal shows colours, unless the environment is against it', { skip: skipTerminal }, async t => {
  const { file } = await makeKeyFile(t)
  await writeFile(file, serializeKeyFile([createApiKey({ key: KEY, expiresAt: new Date(0) })]))
  const list = `'${process.execPath}' '${built('dist/cli/bin.js')}' list --store '${file}'`
  const shows = async (variables: string): Promise<boolean> => {
    const command = `env -i TERM=xterm ${variables} ${list}`
    return (await run('script', ['-qec', command, '/dev/null'], { env })).stdout.includes('\x1b[31mexpired\x1b[0m')
  }
  const cases = { '': true, 'NO_COLOR=': true, 'NO_COLOR=1': false, 'NO_COLOR=0': false, 'TERM=dumb': false, 'FORCE_COLOR=0': false, 'FORCE_COLOR=1 TERM=dumb': true }
  for (const [variables, colors] of Object.entries(cases)) t.equal(await shows(variables), colors, variables)
  const piped = await run('bash', ['-c', `env -i FORCE_COLOR=1 ${list} | cat`])
  t.match(piped, { stdout: /expired\n$/, stderr: '' })
  t.notMatch(piped.stdout, '\x1b')
})

t.test('a key that could not be printed is a failure that names it', async t => {
  const { file, records } = await makeKeyFile(t)
  const runFull = async (command: string): Promise<unknown> =>
    await run('bash', ['-c', `${SHELL} ${command} --store ${file} > /dev/full`], { env }).catch(error => error)
  const failed = await runFull('create --name web --quiet')
  const [{ id } = { id: 'none' }] = await records()
  t.match(failed, { code: 1, stderr: `dbgpt-auth: the output could not be written: revoke the key ${id}, which was to be in it\n` })
  const others = await Promise.all(['create --help', 'rotate web --dry-run', 'show web'].map(runFull))
  for (const other of others) t.match(other, { code: 1, stderr: 'dbgpt-auth: the output could not be written: ENOSPC\n' })
  t.equal((await records()).length, 1)
})

t.test(`${CREATORS} processes that create at once all get their key in`, async t => {
  const { file, records } = await makeKeyFile(t)
  const outputs = await Promise.all(Array.from({ length: CREATORS }, async (_, index) =>
    await runBuiltCommand('create', '--name', `client ${index}`, '--store', file)))
  t.equal(new Set(outputs.map(keyIn)).size, CREATORS, 'each has printed a key of its own')
  t.equal(new Set((await records()).map(({ name }) => name)).size, CREATORS, 'each key is in the file')
  t.same(await readdir(dirname(file)), ['keys.json', 'keys.json.history'], 'nothing is left behind')
  const history = await new FileKeyStore(file).history()
  t.equal(new Set(history.map(({ keys }) => keys[0]?.name)).size, CREATORS, 'and in the history')
  for (const entry of history) t.match(entry, { actor: /^.+@.+$/, action: 'add' })
})

t.test(`${WRITERS} processes that add and revoke at once leave a whole line for each change`, async t => {
  const folder = await makeTemporaryFolder(t)
  const file = join(folder, 'keys.json')
  const program = join(folder, 'program.mjs')
  await writeFile(program, `
    import { createApiKey, FileKeyStore, generateApiKey } from ${JSON.stringify(built('dist/index.js'))}
    const store = new FileKeyStore(${JSON.stringify(file)})
    const actor = process.argv[2]
    for (let round = 0; round < ${ROUNDS}; round++) {
      const key = createApiKey({ key: generateApiKey(), name: actor + '/' + round })
      await store.add(key, { actor })
      await store.revoke(key.id, { actor })
    }`)
  const actors = Array.from({ length: WRITERS }, (_, writer) => `writer ${writer}`)
  await Promise.all(actors.map(async actor => await run(...bareNode([program, actor]))))
  const lines = (await readFile(`${file}.history`, 'utf8')).split('\n')
  t.equal(lines.pop(), '')
  for (const [index, line] of lines.entries()) t.ok(JSON.parse(line), `line ${index + 1}`)
  const entries = await new FileKeyStore(file).history()
  t.equal(entries.length, lines.length)
  for (const writer of actors) {
    const own = entries.filter(({ actor }) => actor === writer).map(({ action, keys: [key] }) => `${action} ${key?.name}`)
    t.same(own, Array.from({ length: ROUNDS }, (_, round) => [`add ${writer}/${round}`, `revoke ${writer}/${round}`]).flat(), writer)
  }
  t.equal(lines.length, WRITERS * ROUNDS * 2)
})

t.test('processes that are killed as they write leave a valid file with every key that they told of', async t => {
  const folder = await makeTemporaryFolder(t)
  const file = join(folder, 'keys.json')
  const program = join(folder, 'program.mjs')
  await writeFile(program, `
    import { createApiKey, FileKeyStore, generateApiKey } from ${JSON.stringify(built('dist/index.js'))}
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
  for (let round = 0; round < ROUNDS; round++) {
    const delayOf = (writer: number): number => (4 * round + 3 * writer) % 11
    await Promise.all(Array.from({ length: WRITERS }, async (_, writer) => await killOne(1 + writer % 4, delayOf(writer))))
    const ids = new Set((await new FileKeyStore(file).list()).map(({ id }) => id))
    t.ok(told.every(id => ids.has(id)), `after ${WRITERS * (round + 1)} killed processes`)
    const recorded = new Set((await new FileKeyStore(file).history()).flatMap(({ keys }) => keys.map(({ id }) => id)))
    t.ok([...ids].every(id => recorded.has(id)), `no key without a line, after ${WRITERS * (round + 1)}`)
  }
  t.ok(told.length >= ROUNDS * WRITERS)
})
