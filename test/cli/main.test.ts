import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { serializeKeyFile } from '../../lib/stores/file/key-file.ts'
import { createApiKey } from '../../lib/index.ts'
import { KEY, MARKER } from '../support/app.ts'
import { runCommand } from '../support/cli.ts'
import { makeTemporaryFolder } from '../support/files.ts'
import { shown } from '../support/shown.ts'

const VERBS = ['generate', 'create', 'list', 'rotate', 'revoke', 'import']

t.test('help is there for the command and each verb', async t => {
  for (const flag of ['--help', '-h', 'help']) {
    const { code, stdout, stderr } = await runCommand([flag])
    t.match({ code, stderr }, { code: 0, stderr: '' }, shown(flag))
    for (const verb of VERBS) t.match(stdout, new RegExp(`^  ${verb}`, 'm'), shown(verb))
  }
  for (const verb of VERBS) {
    for (const flag of ['--help', '-h']) {
      const { code, stdout, stderr } = await runCommand([verb, flag])
      t.match({ code, stderr }, { code: 0, stderr: '' }, shown(flag))
      t.match(stdout, new RegExp(`^Usage: dbgpt-auth ${verb} `), shown(flag))
      t.match(stdout, '--help', shown(flag))
    }
  }
})

t.test('wrong usage is exit code 2, and one line that says where the help is', async t => {
  const wrong: readonly (readonly string[])[] = [
    [], [''], ['destroy'], ['__proto__'], ['toString'], ['create', '--names', 'x'], ['create', '--name'], ['create', 'billing'],
    ['create', '--name', 'x', '--expires', 'soon', '--store', 'x'], ['create', '--name', 'x', '--metadata', '{', '--store', 'x'],
    ['create', '--store', 'x'], ['list', 'x'], ['revoke'], ['revoke', ''], ['revoke', 'a', 'b'], ['rotate'],
    ['rotate', 'a', '--grace', 'long', '--store', 'x'], ['list', '--store', ''], ['list', '--store', 'redis://'],
    ['import', '--store', 'x']
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
    [['create', '--name', 'x\n', '--store', missing], /"name"/],
    [['create', '--name', 'x', '--metadata', '[]', '--store', missing], /"metadata"/],
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

t.test('a key\'s text among the arguments is not printed', async t => {
  const file = join(await makeTemporaryFolder(t), 'keys.json')
  await writeFile(file, serializeKeyFile([createApiKey(KEY)]))
  for (const args of [
    [KEY], ['revoke', KEY, '--store', file], ['revoke', KEY, KEY], ['create', KEY], ['create', `--${KEY}`], ['create', '--key', KEY],
    ['create', '--name', 'x', '--expires', KEY, '--store', file], ['rotate', 'x', '--grace', KEY, '--store', file],
    ['create', '--name', 'x', '--metadata', KEY, '--store', file]
  ]) {
    const { code, stdout, stderr } = await runCommand(args)
    t.not(code, 0, shown(args))
    t.notMatch(stdout + stderr, MARKER, shown(args))
  }
})
