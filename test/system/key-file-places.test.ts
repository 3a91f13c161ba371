import { execFileSync } from 'node:child_process'
import { mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readDotenv } from '../../lib/config/dotenv.ts'
import { createApiKey, FileKeyStore } from '../../lib/index.ts'
import { serializeKeyFile } from '../../lib/stores/file/key-file.ts'
import { KEY, OTHER_KEY, rejection } from '../support/app.ts'
import { built } from '../support/build.ts'
import { runCommand } from '../support/cli.ts'
import { makeTemporaryFolder } from '../support/files.ts'
import { mounted, skip as skipMounts } from '../support/mounts.ts'
import { skip } from '../support/posix.ts'
import { Program } from '../support/process.ts'

const A = serializeKeyFile([createApiKey(KEY)])
const B = serializeKeyFile([createApiKey(OTHER_KEY)])

/** Starts a program with `open`, which follows a file and prints what is logged, and `command`, which runs the command. */
async function start (t: Test, folder: string, mounts: string, code: string): Promise<Program> {
  await writeFile(join(folder, 'program.mjs'), `
    import fs from 'node:fs'
    import { FileKeyStore } from '${built('dist/index.js')}'
    import { main } from '${built('dist/cli/main.js')}'
    const print = label => (...texts) => console.log(label, texts.find(text => typeof text === 'string'))
    const log = { info: print('info'), warn: print('warn'), error: print('error') }
    const command = async (...args) => {
      const streams = { stdout: { write () {} }, stderr: { write: text => print('stderr')(text.trim()) }, env: {} }
      print('code')(String(await main(args, streams)))
    }
    const open = async file => {
      const store = new FileKeyStore(file)
      await store.open(log)
      print('open')(file)
      return store
    }
    ${code}
    print('done')('')
  `)
  return new Program(t, join(folder, 'program.mjs'), { cwd: folder, env: {}, by: mounted(mounts) })
}

t.test('a file that is mounted by itself is warned of, and once more when it is replaced on the host', { skip: skipMounts }, async t => {
  const folder = await makeTemporaryFolder(t)
  await mkdir(join(folder, 'host'))
  await mkdir(join(folder, 'my container'))
  await writeFile(join(folder, 'host/keys.json'), A)
  await writeFile(join(folder, 'my container/keys.json'), '')
  const program = await start(t, folder, 'mount --bind host/keys.json "my container/keys.json"', `
    const store = await open('my container/keys.json')
    await command('create', '--name', 'x', '--store', 'my container/keys.json')
    print('left')(fs.readdirSync('my container').join())
    setInterval(() => {}, 1000)
  `)
  const warning = await program.says(/^warn The key file (.*)\nopen /)
  t.match(warning, /my container\/keys\.json is mounted by itself, which .*: mount its folder instead$/)
  const refusal = await program.says(/stderr dbgpt-auth: The key file (.*)\ncode 1\n/)
  t.match(refusal, /and is unchanged: it is in use, or mounted by itself: mount its folder instead \(EBUSY\)$/)
  t.equal(await program.says(/left (.*)\n/), 'keys.json,keys.json.history')
  t.match(await readFile(join(folder, 'my container/keys.json.history'), 'utf8'), /^[^\n]*"add"[^\n]*\n[^\n]*"add"[^\n]*"failed":true\}\n$/)
  await writeFile(join(folder, 'host/new'), B)
  await rename(join(folder, 'host/new'), join(folder, 'host/keys.json'))
  const news = await program.says(/warn The key file (.* was replaced .*)\n/)
  t.match(news, /was replaced or removed outside, and the old one stays in force: .* mount its folder instead$/)
})

t.test('a file in a folder that is mounted is no matter, and is followed, as Kubernetes swaps it', { skip: skipMounts }, async t => {
  const folder = await makeTemporaryFolder(t)
  for (const name of ['secret', 'secret/..1', 'secret/..2', 'pod']) await mkdir(join(folder, name))
  await writeFile(join(folder, 'secret/..1/keys.json'), A)
  await writeFile(join(folder, 'secret/..2/keys.json'), B)
  await symlink('..1', join(folder, 'secret/..data'))
  await symlink('..data/keys.json', join(folder, 'secret/keys.json'))
  const program = await start(t, folder, 'mount --bind secret pod', `
    await open('pod/keys.json')
    setInterval(() => {}, 1000)
  `)
  await program.says(/^open /)
  await symlink('..2', join(folder, 'secret/..new'))
  await rename(join(folder, 'secret/..new'), join(folder, 'secret/..data'))
  t.ok(await program.says(/info API keys reloaded/))
  t.notMatch(program.output.stdout, 'warn')
})

t.test('on a full disk the command fails in words, and leaves no lock to those who come after', { skip: skipMounts }, async t => {
  const folder = await makeTemporaryFolder(t)
  await mkdir(join(folder, 'disk'))
  const program = await start(t, folder, 'mount -t tmpfs -o size=64k tmpfs disk', `
    await command('create', '--name', 'first', '--store', 'disk/keys.json')
    const before = fs.readFileSync('disk/keys.json', 'utf8')
    try {
      for (;;) fs.appendFileSync('disk/fill', 'x'.repeat(1024))
    } catch (error) {
      print('filled')(error.code)
    }
    await command('create', '--name', 'second', '--store', 'disk/keys.json')
    print('left')(fs.readdirSync('disk').sort().join())
    fs.rmSync('disk/fill')
    print('unchanged')(String(fs.readFileSync('disk/keys.json', 'utf8') === before))
    const since = performance.now()
    await command('create', '--name', 'third', '--store', 'disk/keys.json')
    print('soon')(String(performance.now() - since < 5000))
  `)
  t.match(await program.exit, { code: 0 }, program.output.stderr)
  t.equal(program.output.stdout.replace(/ \/.*\/keys/, ' …/keys'), [
    'stderr Keep the key now: it is not shown again.', 'code 0', 'filled ENOSPC',
    'stderr dbgpt-auth: The key file …/keys.json cannot be written, and is unchanged: the disk is full (ENOSPC)', 'code 1',
    'left fill,keys.json,keys.json.history', 'unchanged true', 'stderr Keep the key now: it is not shown again.', 'code 0', 'soon true', 'done ', ''
  ].join('\n'))
})

t.test('a pipe in the place of .env, the key file or its lock keeps nobody waiting', { skip }, async t => {
  const [before, folder] = [process.cwd(), await makeTemporaryFolder(t)]
  process.chdir(folder)
  t.teardown(() => process.chdir(before))
  await writeFile('keys.json', A)
  execFileSync('mkfifo', ['.env', 'pipe.json', 'keys.json.lock'])
  t.strictSame(Object.keys(readDotenv(['API_KEYS']).variables), [])
  const problem = /^The key file \S+pipe\.json cannot be read: it is no file, but a folder, a pipe or a device$/
  t.match(await rejection(new FileKeyStore('pipe.json').open()), { code: 'FST_DBGPT_AUTH_KEY_FILE_UNREADABLE', message: problem })
  t.match(await rejection(new FileKeyStore('pipe.json').add(createApiKey(KEY))), { message: problem })
  t.match(await runCommand(['create', '--name', 'x', '--store', 'keys.json']), {
    code: 1, stderr: /The key file cannot be locked: \S+keys\.json\.lock is no file, as a lock would be: delete it\n$/
  })
  t.ok((await stat('keys.json.lock')).isFIFO(), 'it is left as it is')
  await rm('keys.json.lock')
  t.match(await runCommand(['create', '--name', 'x', '--store', 'keys.json']), { code: 0 })
})
