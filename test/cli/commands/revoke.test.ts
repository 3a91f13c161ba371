import { writeFile } from 'node:fs/promises'
import t from 'tap'
import { createApiKey, FileKeyStore } from '../../../lib/index.ts'
import { KEY, OTHER_KEY } from '../../support/app.ts'
import { runCommand } from '../../support/cli.ts'
import { makeKeyFile } from '../../support/key-file.ts'

const a = createApiKey({ key: KEY, name: 'billing' })
const b = createApiKey({ key: OTHER_KEY, name: 'billing' })
const other = createApiKey({ key: `${KEY}1`, name: 'shop' })

t.test('revoke removes one key by its id, its digest or its text, and all of a name if told so', async t => {
  for (const [asked, stdin] of [[a.id, undefined], [`sha256:${a.digest.toUpperCase()}`, undefined], ['--stdin', `${KEY}\r\n`]] as const) {
    const { file, records } = await makeKeyFile(t)
    await new FileKeyStore(file).addAll([a, b, other])
    t.match(await runCommand(['revoke', asked, '--store', file], { stdin }), {
      code: 0, stdout: `revoked  ${a.id}  billing\n`, stderr: ''
    }, asked)
    t.same(await records(), [b, other], asked)
  }
  const { file, records } = await makeKeyFile(t)
  await new FileKeyStore(file).addAll([b, a, other])
  const refused = await runCommand(['revoke', 'billing', '--store', file])
  t.match(refused, { code: 2, stdout: '', stderr: /^ID +CREATED +EXPIRES\n[0-9a-f]{16} .*\n[0-9a-f]{16} .*\ndbgpt-auth: 2 keys have this name: .*--all/ })
  t.same((await records()).length, 3)
  t.match(await runCommand(['revoke', 'billing', '--all', '--store', file]), {
    code: 0, stdout: `revoked  ${b.id}  billing\nrevoked  ${a.id}  billing\n`
  })
  t.same(await records(), [other])
})

t.test('revoke --dry-run says what would be removed, and fails where the command would', async t => {
  const { file, records } = await makeKeyFile(t)
  await new FileKeyStore(file).addAll([a, b, other])
  t.match(await runCommand(['revoke', 'billing', '--all', '--dry-run', '--store', file]), {
    code: 0, stdout: `would revoke  ${a.id}  billing\nwould revoke  ${b.id}  billing\n`, stderr: ''
  })
  t.match(await runCommand(['revoke', 'billing', '--dry-run', '--store', file]), { code: 2 })
  t.match(await runCommand(['revoke', 'nobody', '--dry-run', '--store', file]), { code: 1 })
  t.same(await records(), [a, b, other])
  await writeFile(file, KEY)
  t.match(await runCommand(['revoke', a.id, '--dry-run', '--store', file]), { code: 1, stdout: '', stderr: /plain list/ })
})

t.test('a key that leaked is not in the store any more, or was never', async t => {
  const { file, records } = await makeKeyFile(t)
  await new FileKeyStore(file).add(a)
  t.match(await runCommand(['revoke', '--stdin', '--store', file], { stdin: OTHER_KEY }), {
    code: 1, stdout: '', stderr: 'dbgpt-auth: the key on standard input is not, or no longer, in the store\n'
  })
  t.match(await runCommand(['revoke', '--stdin', '--store', file], { stdin: `API_KEYS=${KEY}\n` }), {
    code: 1,
    stdout: '',
    stderr: 'dbgpt-auth: what is on standard input is no key of the store, and begins with the name of a variable: give its value alone\n'
  })
  t.match(await runCommand(['revoke', '--stdin', '--store', file]), { code: 2, stderr: /pipe the key into --stdin/ })
  t.match(await runCommand(['revoke', '--stdin', a.id, '--store', file], { stdin: KEY }), { code: 2 })
  t.same(await records(), [a])
})

t.test('a key without a name is revoked by its id', async t => {
  const { file, records } = await makeKeyFile(t)
  const bare = createApiKey(KEY)
  await new FileKeyStore(file).add(bare)
  t.match(await runCommand(['revoke', bare.id, '--store', file]), { code: 0, stdout: `revoked  ${bare.id}\n` })
  t.same(await records(), [])
})

t.test('nothing to revoke is a failure', async t => {
  const { file } = await makeKeyFile(t)
  await new FileKeyStore(file).add(a)
  for (const asked of [b.id, b.digest]) {
    for (const dry of [[], ['--dry-run']]) {
      t.match(await runCommand(['revoke', asked, ...dry, '--store', file]), { code: 1, stdout: '', stderr: /no key has this id/ }, asked)
    }
  }
  t.match(await runCommand(['revoke', 'shop', '--store', file]), { code: 1, stdout: '', stderr: /no key has this id, digest or name/ })
})

t.test('a key that another process revokes first is a failure', async t => {
  const { file } = await makeKeyFile(t)
  await new FileKeyStore(file).add(a)
  const runs = await Promise.all([1, 2, 3].map(async () => await runCommand(['revoke', a.id, '--store', file])))
  t.same(runs.map(({ code }) => code).sort(), [0, 1, 1])
})
