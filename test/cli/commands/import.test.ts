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
    code: 1, stdout: '', stderr: /^dbgpt-auth: Line 2 of standard input is a placeholder: nothing is imported/
  })
  t.match(await rejection(records()), { code: 'FST_DBGPT_AUTH_KEY_FILE_UNREADABLE' })
  t.match(await runCommand(['import', '--allow-weak', '--store', file], { stdin }), { code: 0 })
  t.equal((await records()).length, 2)
})

t.test('a mistyped generated key, what is no key, and nothing at all are refused', async t => {
  const { file } = await makeKeyFile(t)
  const key = generateApiKey()
  const mistyped = `${key.slice(0, 20)}${key[20] === 'x' ? 'y' : 'x'}${key.slice(21)}`
  const faults: readonly (readonly [string, RegExp])[] = [
    [`${KEY}\n${KEY}1,${mistyped}`, /Line 2 of standard input .*checksum is wrong/],
    [`${MARKER} b`, /Line 1 of standard input is not a valid API key/],
    ['', /holds no key/], ['{"keys":[', /Line 1 of standard input/]
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
