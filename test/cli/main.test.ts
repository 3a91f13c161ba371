import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { serializeKeyFile } from '../../lib/stores/file/key-file.ts'
import { createApiKey, generateApiKey } from '../../lib/index.ts'
import { KEY, MARKER } from '../support/app.ts'
import { ROOT } from '../support/build.ts'
import { runCommand } from '../support/cli.ts'
import { makeTemporaryFolder } from '../support/files.ts'
import { shown } from '../support/shown.ts'

const VERBS = ['generate', 'create', 'list', 'show', 'rename', 'scopes', 'rotate', 'revoke', 'import', 'history']

t.test('help is there for the command and each verb', async t => {
  for (const flag of ['--help', '-h', 'help']) {
    const { code, stdout, stderr } = await runCommand([flag])
    t.match({ code, stderr }, { code: 0, stderr: '' }, shown(flag))
    for (const verb of VERBS) t.match(stdout, new RegExp(`^  ${verb}`, 'm'), shown(verb))
  }
  for (const verb of VERBS) {
    for (const args of [[verb, '--help'], [verb, '-h'], ['help', verb], ['--help', verb]]) {
      const { code, stdout, stderr } = await runCommand(args)
      t.match({ code, stderr }, { code: 0, stderr: '' }, shown(args))
      t.match(stdout, new RegExp(`^Usage: dbgpt-auth ${verb} `), shown(args))
      t.match(stdout, '--help', shown(args))
    }
  }
})

t.test('the command without a verb shows its help, as an error', async t => {
  const { stdout } = await runCommand(['--help'])
  t.match(await runCommand([]), { code: 2, stdout: '', stderr: stdout })
})

t.test('the version is the package\'s', async t => {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  for (const flag of ['--version', '-v']) {
    t.match(await runCommand([flag]), { code: 0, stdout: `${version}\n`, stderr: '' }, shown(flag))
  }
})

t.test('a mistyped verb is told what it is near to, and is not repeated', async t => {
  const hint = 'see "dbgpt-auth --help"\n'
  t.equal((await runCommand(['lits'])).stderr, `dbgpt-auth: there is no such command, perhaps "list" is meant, ${hint}`)
  t.equal((await runCommand(['help', 'rotat'])).stderr, `dbgpt-auth: there is no such command, perhaps "rotate" is meant, ${hint}`)
  t.equal((await runCommand(['--store', 'x', 'list'])).stderr, `dbgpt-auth: a command comes first, and its options after it, ${hint}`)
})

t.test('wrong usage is exit code 2, and one line that says where the help is', async t => {
  const wrong: readonly (readonly string[])[] = [
    [''], ['destroy'], ['__proto__'], ['toString'], ['help', 'destroy'], ['help', 'list', 'x'], ['-x'],
    ['create', '--names', 'x'], ['create', '--name'], ['create', 'billing'],
    ['create', '--name', 'x', '--expires', 'soon', '--store', 'x'], ['create', '--name', 'x', '--metadata', '{', '--store', 'x'],
    ['create', '--store', 'x'], ['list', 'x'], ['revoke'], ['revoke', ''], ['revoke', 'a', 'b'], ['rotate'],
    ['rotate', 'a', '--grace', 'long', '--store', 'x'], ['list', '--store', ''], ['list', '--store', 'redis://'],
    ['import', '--store', 'x'], ['show'], ['rename', 'a'], ['rename', 'a', 'b', 'c'], ['list', '--json=x'], ['list', '--jsn'],
    ['create', '--name', 'x\n', '--store', 'x'], ['create', '--name', 'x', '--metadata', '[]', '--store', 'x'],
    ['revoke', 'x', '--actor', '', '--store', 'x'], ['history', 'a', 'b'], ['history', '--limit', '0', '--store', 'x']
  ]
  for (const args of wrong) {
    const { code, stdout, stderr } = await runCommand(args)
    t.match({ code, stdout }, { code: 2, stdout: '' }, args.join(' '))
    t.match(stderr, /^dbgpt-auth: [^\n]+\n$/, shown(args))
    if (VERBS.includes(args[0] as string)) t.match(stderr, `see "dbgpt-auth ${args[0]} --help"`, shown(args))
  }
})

t.test('a store that refuses or fails is exit code 1, and one line', async t => {
  const folder = await makeTemporaryFolder(t)
  const [plain, missing, faulty] = ['plain', 'missing', 'faulty'].map(name => join(folder, name)) as [string, string, string]
  await writeFile(plain, KEY)
  await writeFile(faulty, '{')
  const failing: readonly (readonly [readonly string[], RegExp])[] = [
    [['create', '--name', 'x', '--store', plain], /plain list/],
    [['create', '--name', 'x', '--store', join(missing, 'keys')], /cannot be written/],
    [['list', '--store', missing], /cannot be read: there is no such file.* \(ENOENT\)/],
    [['list', '--store', faulty], /Line 1 of/]
  ]
  for (const [args, message] of failing) {
    const { code, stdout, stderr } = await runCommand(args)
    t.match({ code, stdout }, { code: 1, stdout: '' }, args.join(' '))
    t.match(stderr, /^dbgpt-auth: [^\n]+\n$/, shown(args))
    t.match(stderr, message, shown(args))
  }
  t.equal(await readFile(plain, 'utf8'), KEY)
})

t.test('a key\'s text among the arguments is not printed, whichever it takes the place of', async t => {
  const file = join(await makeTemporaryFolder(t), 'keys.json')
  const text = serializeKeyFile([createApiKey({ key: KEY, name: 'x' })])
  await writeFile(file, text)
  const wrong = [
    [KEY], ['help', KEY], [KEY, 'list'], ['create', `--${KEY}`], ['create', '--key', KEY], ['create', `--nam=${KEY}`], ['create', `-${KEY}`],
    ['create', '--name', `-${KEY}`], ['create', '--quiet=' + KEY]
  ]
  const valued = ['expires', 'metadata', 'grace', 'replicas', 'prefix', 'limit']
  for (const verb of VERBS) {
    wrong.push([verb, KEY], [verb, KEY, KEY], [verb, 'x', KEY, KEY], [verb, '--stdin', KEY, KEY], [verb, KEY, '--all'], [verb, KEY, '--dry-run'])
    for (const option of valued) wrong.push([verb, 'x', `--${option}`, KEY], [verb, `--${option}=${KEY}`])
  }
  for (const args of wrong) {
    const { code, stdout, stderr } = await runCommand(args, { env: { API_KEYS_FILE: file }, stdin: '' })
    t.not(code, 0, shown(args).replace(KEY, 'KEY'))
    t.notMatch(stdout + stderr, MARKER, shown(args))
  }
  t.equal(await readFile(file, 'utf8'), text)
})

t.test('a generated key among the arguments is neither used nor printed, wherever it stands', async t => {
  const folder = await makeTemporaryFolder(t)
  const file = join(folder, 'keys.json')
  const key = generateApiKey()
  await writeFile(file, serializeKeyFile([createApiKey(key)]))
  for (const args of [
    ['revoke', key], ['show', key], ['rotate', key], ['rename', key, 'x'], ['rename', createApiKey(key).id, key], ['create', '--name', key],
    ['create', '--name=' + key], ['create', '--name', 'x', '--metadata', `{"key":"${key}"}`], ['list', '--store', join(folder, key)],
    ['revoke', `Bearer ${key}`], [key], ['import', '--name', key]
  ]) {
    const { code, stdout, stderr } = await runCommand([...args, '--prefix', 'x'], { env: { API_KEYS_FILE: file }, stdin: '' })
    t.match({ code, stdout }, { code: 2, stdout: '' }, shown(args[0]))
    t.match(stderr, /^dbgpt-auth: a key is never given as an argument, .*--stdin/, shown(args[0]))
    t.notOk(stderr.includes(key), shown(args[0]))
  }
  t.same(await readdir(folder), ['keys.json'])
})

t.test('what an error quotes of a path cannot change what a terminal shows', async t => {
  const { code, stderr } = await runCommand(['list', '--store', 'a\x1b[31m\u202eb'])
  t.equal(code, 1)
  t.match(stderr, 'a\\u001b[31m\\u202eb cannot be read')
  t.notMatch(stderr, /[^\P{C}\n]/u)
})
