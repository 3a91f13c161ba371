import t from 'tap'
import { createApiKey, FileKeyStore } from '../../../lib/index.ts'
import { KEY, OTHER_KEY } from '../../support/app.ts'
import { runCommand } from '../../support/cli.ts'
import { makeKeyFile } from '../../support/key-file.ts'
import { shown } from '../../support/shown.ts'

const NOW = Date.parse('2026-06-01T00:00:00Z')
const name = `${'x'.repeat(190)}\u202e计`
const full = createApiKey({
  key: KEY, name, createdAt: new Date(NOW - 86_400_000), expiresAt: new Date(NOW + 3_600_000), metadata: { plan: 'gold\u2028', seats: [3] }, scopes: ['b', 'a,c']
})
const bare = createApiKey({ key: OTHER_KEY, expiresAt: new Date(NOW) })
const lines = [
  `id        ${full.id}`, `digest    sha256:${full.digest}`, `name      ${'x'.repeat(190)}\\u202e计`, 'created   2026-05-31T00:00:00.000Z (1d ago)',
  'expires   2026-06-01T01:00:00.000Z (in 1h)', 'status    good', 'scopes    b a,c', 'metadata  {"plan":"gold\\u2028","seats":[3]}', ''
].join('\n')

t.test('show prints all of a key, whichever way it is chosen', async t => {
  const { file } = await makeKeyFile(t)
  await new FileKeyStore(file).addAll([full, bare])
  for (const asked of [full.id, full.digest, name, '--stdin']) {
    t.match(await runCommand(['show', asked, '--store', file], { now: NOW, stdin: KEY }), { code: 0, stdout: lines, stderr: '' }, shown(asked))
  }
  t.equal((await runCommand(['show', bare.id, '--store', file], { now: NOW })).stdout, [
    `id        ${bare.id}`, `digest    sha256:${bare.digest}`, 'name      -', 'created   unknown',
    'expires   2026-06-01T00:00:00.000Z (0s ago)', 'status    expired', 'scopes    all', 'metadata  -', ''
  ].join('\n'))
  const forever = await makeKeyFile(t)
  await new FileKeyStore(forever.file).add(createApiKey({ key: KEY, scopes: [] }))
  t.match((await runCommand(['show', full.id, '--store', forever.file])).stdout, /^expires {3}never$[^]*^scopes {4}none$/m)
})

t.test('show --json prints what list --json does of it', async t => {
  const { file } = await makeKeyFile(t)
  await new FileKeyStore(file).addAll([full, bare])
  const { stdout } = await runCommand(['show', full.id, '--json', '--store', file], { now: NOW })
  t.match(stdout, '\\u202e')
  t.same(JSON.parse(stdout), JSON.parse((await runCommand(['list', '--json', '--store', file], { now: NOW })).stdout)[0])
})

t.test('a name that several keys have is refused with their list, unless all are asked for', async t => {
  const { file } = await makeKeyFile(t)
  await new FileKeyStore(file).addAll([KEY, OTHER_KEY].map(key => createApiKey({ key, name: 'a' })))
  t.match(await runCommand(['show', 'a', '--store', file]), { code: 2, stdout: '', stderr: /^ID .*\n.*\n.*\ndbgpt-auth: 2 keys have this name/ })
  const { stdout } = await runCommand(['show', 'a', '--all', '--store', file])
  t.match(stdout, /^id [^]*\nmetadata {2}-\n\nid [^]*\nmetadata {2}-\n$/)
  t.equal(JSON.parse((await runCommand(['show', 'a', '--all', '--json', '--store', file])).stdout).length, 2)
  t.match(await runCommand(['show', 'b', '--store', file]), { code: 1, stdout: '', stderr: /no key has this id, digest or name/ })
})
