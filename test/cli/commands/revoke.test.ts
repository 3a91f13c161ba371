import t from 'tap'
import { createApiKey, FileKeyStore } from '../../../lib/index.ts'
import { KEY, OTHER_KEY } from '../../support/app.ts'
import { runCommand } from '../../support/cli.ts'
import { makeKeyFile } from '../../support/key-file.ts'

const a = createApiKey({ key: KEY, name: 'billing' })
const b = createApiKey({ key: OTHER_KEY, name: 'billing' })
const other = createApiKey({ key: `${KEY}1`, name: 'shop' })

t.test('revoke removes one key by its id, and all by their name', async t => {
  const { file, records } = await makeKeyFile(t)
  await new FileKeyStore(file).addAll([a, b, other])
  t.match(await runCommand(['revoke', a.id, '--store', file]), { code: 0, stdout: `revoked  ${a.id}  billing\n`, stderr: '' })
  t.same(await records(), [b, other])
  await new FileKeyStore(file).add(a)
  t.match(await runCommand(['revoke', 'billing', '--store', file]), {
    code: 0, stdout: `revoked  ${b.id}  billing\nrevoked  ${a.id}  billing\n`
  })
  t.same(await records(), [other])
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
  t.match(await runCommand(['revoke', 'shop', '--store', file]), { code: 1, stdout: '', stderr: /no key has this id or name/ })
})

t.test('a key that another process revokes first is a failure', async t => {
  const { file } = await makeKeyFile(t)
  await new FileKeyStore(file).add(a)
  const runs = await Promise.all([1, 2, 3].map(async () => await runCommand(['revoke', a.id, '--store', file])))
  t.same(runs.map(({ code }) => code).sort(), [0, 1, 1])
})
