import { readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import t from 'tap'
import { createApiKey, FileKeyStore, generateApiKey } from '../../../lib/index.ts'
import { serializeKeyFile } from '../../../lib/stores/file/key-file.ts'
import { KEY, MARKER, OTHER_KEY, rejection } from '../../support/app.ts'
import { runCommand } from '../../support/cli.ts'
import { makeKeyFile } from '../../support/key-file.ts'
import { shown } from '../../support/shown.ts'

t.test('import hashes the keys of an API_KEYS', async t => {
  const { file, records } = await makeKeyFile(t)
  const stdin = ` ${KEY} ,${OTHER_KEY},,${KEY}\n`
  t.match(await runCommand(['import', '--store', file], { stdin }), {
    code: 0, stdout: '2 imported, 0 already there\n', stderr: ''
  })
  t.same(await records(), [createApiKey(KEY), createApiKey(OTHER_KEY)])
  t.match(await runCommand(['import', '--store', file], { stdin: `${KEY}\n${KEY}1\n` }), {
    code: 0, stdout: '1 imported, 1 already there\n'
  })
})

t.test('import takes a whole store, details included', async t => {
  const { file, records } = await makeKeyFile(t)
  const keys = [createApiKey({ key: KEY, name: 'billing', expiresAt: new Date(2e12) }), createApiKey(generateApiKey())]
  t.match(await runCommand(['import', '--store', file], { stdin: serializeKeyFile(keys) }), { code: 0 })
  t.same(await records(), keys)
})

t.test('weak keys are refused by their line, all or none, unless they are allowed', async t => {
  const { file, records } = await makeKeyFile(t)
  const stdin = `${KEY}\ndbgpt\n`
  t.match(await runCommand(['import', '--store', file], { stdin }), {
    code: 1, stdout: '', stderr: /^dbgpt-auth: Line 2 of standard input is a placeholder\. Nothing is imported; --allow-weak takes/
  })
  t.match(await rejection(records()), { code: 'FST_DBGPT_AUTH_KEY_FILE_UNREADABLE' })
  t.match(await runCommand(['import', '--allow-weak', '--store', file], { stdin }), { code: 0 })
  t.equal((await records()).length, 2)
})

t.test('keys are read as Windows writes them, and UTF-16 is refused', async t => {
  const { file, records } = await makeKeyFile(t)
  t.match(await runCommand(['import', '--store', file], { stdin: `\ufeff${KEY}\r\n` }), { code: 0, stderr: '' })
  t.same(await records(), [createApiKey(KEY)])
  const stdin = Buffer.from(`\ufeff${OTHER_KEY}`, 'utf16le')
  t.match(await runCommand(['import', '--store', file], { stdin }), {
    code: 1, stderr: 'dbgpt-auth: Standard input: it is UTF-16: save it as UTF-8\n'
  })
  t.equal((await records()).length, 1)
})

t.test('what is most likely miswritten is refused, unless it is allowed', async t => {
  for (const [stdin, message] of [
    [`"${KEY}"`, /Line 1 of standard input is in quotes: drop them\. Nothing is imported/],
    [`["${KEY}","${OTHER_KEY}"]`, /The list in standard input is in brackets: give the keys alone/],
    [`dbgpt\nAPI_KEYS=${KEY}`, /Line 2 of standard input begins with the name .* alone, Line 1 of standard input is a placeholder\. Nothing/]
  ] as const) {
    const { file, records } = await makeKeyFile(t)
    const { code, stderr } = await runCommand(['import', '--store', file], { stdin })
    t.equal(code, 1, shown(stdin))
    t.match(stderr, message, shown(stdin))
    t.notMatch(stderr, MARKER, shown(stdin))
    t.match(await runCommand(['import', '--allow-weak', '--store', file], { stdin }), { code: 0 }, shown(stdin))
    t.same(await records(), stdin.split(/[\n,]/).map(text => createApiKey(text)), shown(stdin))
  }
})

t.test('a mistyped generated key, what is no key, and nothing at all are refused', async t => {
  const { file } = await makeKeyFile(t)
  const key = generateApiKey()
  const mistyped = `${key.slice(0, 20)}${key[20] === 'x' ? 'y' : 'x'}${key.slice(21)}`
  const faults: readonly (readonly [string, RegExp])[] = [
    [`${KEY}\n${KEY}1,${mistyped}`, /Line 2 of standard input .*checksum is wrong/],
    [`${MARKER} b`, /Line 1 of standard input is not a valid API key/],
    ['', /^dbgpt-auth: standard input holds no key: did what is piped in print any\?\n$/], [' \n,\n# none', /standard input holds no key/], ['{"keys":[', /Line 1 of standard input/]
  ]
  for (const [stdin, message] of faults) {
    const { code, stderr } = await runCommand(['import', '--store', file], { stdin })
    t.equal(code, 1, shown(stdin))
    t.match(stderr, message, shown(stdin))
    t.notMatch(stderr, MARKER, shown(stdin))
    t.notMatch(stderr, mistyped, shown(stdin))
  }
  t.match(await new FileKeyStore(file).list().catch(error => error), { code: 'FST_DBGPT_AUTH_KEY_FILE_UNREADABLE' })
})

t.test('what list --json prints is taken back without loss, expired keys, dates and metadata included', async t => {
  const [from, to] = [await makeKeyFile(t), await makeKeyFile(t)]
  const keys = [
    createApiKey({ key: KEY, name: 'a\u202e计', createdAt: new Date(1e12), expiresAt: new Date(1.1e12), metadata: { status: ['\x85', null] } }),
    createApiKey({ key: OTHER_KEY, expiresAt: new Date(8.64e15) }), createApiKey(generateApiKey())
  ]
  await new FileKeyStore(from.file).addAll(keys)
  const { stdout } = await runCommand(['list', '--json', '--store', from.file])
  for (const stdin of [stdout, stdout.replaceAll('\n', '\r\n')]) {
    const { code, stdout: said } = await runCommand(['import', '--store', to.file], { stdin })
    t.equal(code, 0)
    t.match(said, / (imported|already there)/)
    t.same(await to.records(), keys)
  }
  t.equal((await runCommand(['list', '--json', '--store', to.file])).stdout, stdout)
  t.match(await runCommand(['import', '--store', to.file], { stdin: '[]' }), { code: 0, stdout: '0 imported, 0 already there\n' })
})

t.test('the backup of an empty list becomes an empty list, and takes nothing from one that is there', async t => {
  for (const stdin of ['[]\n', '{"keys":[]}']) {
    for (const before of [undefined, '', '{"keys":[]}\n', serializeKeyFile([createApiKey(KEY)])]) {
      const { file } = await makeKeyFile(t)
      if (before !== undefined) await writeFile(file, before)
      const dry = await runCommand(['import', '--dry-run', '--store', file], { stdin })
      t.match(dry, { code: 0, stdout: '0 would be imported, 0 already there\n' }, shown([stdin, before]))
      t.equal(await readFile(file, 'utf8').catch(() => undefined), before, shown([stdin, before]))
      t.match(await runCommand(['import', '--store', file], { stdin }), { code: 0, stdout: '0 imported, 0 already there\n' })
      t.equal(await readFile(file, 'utf8'), before === undefined || before === '' ? '{"keys":[]}\n' : before, shown([stdin, before]))
      const store = new FileKeyStore(file)
      await store.open()
      await store.close()
    }
  }
})

t.test('of an array, too, all or nothing is imported, and what is wrong is named by its place', async t => {
  const { file, records } = await makeKeyFile(t)
  const { digest } = createApiKey(KEY)
  const faults: readonly (readonly [string, RegExp])[] = [
    [`[{"digest":"${digest}"`, /^dbgpt-auth: standard input: it is not valid JSON/],
    [`[{"digest":"${digest}"},{"digest":"${MARKER}"}]`, /^dbgpt-auth: Key 2 of standard input is not a valid API key/],
    [`[{"digest":"${digest}","key":"${MARKER}"}]`, /no other fields/],
    [`[{"digest":"${digest}"},"${MARKER}"]`, /Key 2 of standard input: a key must be an object/]
  ]
  for (const [stdin, message] of faults) {
    const { code, stdout, stderr } = await runCommand(['import', '--store', file], { stdin })
    t.match({ code, stdout }, { code: 1, stdout: '' }, shown(stdin))
    t.match(stderr, message, shown(stdin))
    t.notMatch(stderr, MARKER, shown(stdin))
  }
  t.match(await rejection(records()), { code: 'FST_DBGPT_AUTH_KEY_FILE_UNREADABLE' })
})

t.test('import --name names the keys that have no name', async t => {
  const { file, records } = await makeKeyFile(t)
  const named = createApiKey({ key: KEY, name: 'billing' })
  const args = ['import', '--name', 'moved', '--store', file]
  await runCommand(args, { stdin: serializeKeyFile([named, createApiKey(OTHER_KEY)]) })
  t.same(await records(), [named, createApiKey({ key: OTHER_KEY, name: 'moved' })])
  await runCommand(['import', '--name', 'again', '--store', file], { stdin: `${OTHER_KEY}\n${KEY}1` })
  t.same((await records()).map(({ name }) => name), ['billing', 'moved', 'again'], 'what is there already keeps its name')
  t.match(await runCommand(['import', '--name', '', '--store', file], { stdin: KEY }), { code: 2, stderr: /--name is 1 to 200/ })
})

t.test('import --dry-run counts what would be added, and fails where import would', async t => {
  const { file, records } = await makeKeyFile(t)
  const args = ['import', '--dry-run', '--store', file]
  t.match(await runCommand(args, { stdin: `${KEY},${OTHER_KEY}` }), {
    code: 0, stdout: '2 would be imported, 0 already there\n', stderr: ''
  })
  t.same(await readdir(dirname(file)), [])
  await runCommand(['import', '--store', file], { stdin: KEY })
  t.match(await runCommand(args, { stdin: `${KEY},${OTHER_KEY}` }), { stdout: '1 would be imported, 1 already there\n' })
  t.match(await runCommand(args, { stdin: 'dbgpt' }), { code: 1, stdout: '', stderr: /placeholder/ })
  t.same(await records(), [createApiKey(KEY)])
  await writeFile(file, KEY)
  t.match(await runCommand(args, { stdin: OTHER_KEY }), { code: 1, stdout: '', stderr: /plain list/ })
})
