import t from 'tap'
import { createApiKey, FileKeyStore } from '../../../lib/index.ts'
import { KEY } from '../../support/app.ts'
import { runCommand } from '../../support/cli.ts'
import { makeKeyFile } from '../../support/key-file.ts'

const DAY = 86_400_000
const NOW = Date.parse('2026-06-01T00:00:00Z')
const at = (days: number): Date => new Date(NOW + days * DAY)

const keys = [
  { name: 'fresh', createdAt: at(-1), expiresAt: at(30) },
  { name: '计费', createdAt: at(-91) },
  { name: 'edge', createdAt: at(-90) },
  { name: 'gone', createdAt: at(-100), expiresAt: at(0) },
  {}
].map((details, index) => createApiKey({ key: `${KEY}${index}`, ...details }))

t.test('list shows name, id, age and expiry, and marks what is expired or old', async t => {
  const { file } = await makeKeyFile(t)
  await new FileKeyStore(file).addAll(keys)
  const [fresh, billing, edge, gone, bare] = keys.map(({ id }) => id)
  const lines = [
    'NAME   ID                AGE      EXPIRES',
    `fresh  ${fresh}  1d       2026-07-01 00:00Z (in 30d)`,
    `计费   ${billing}  91d      never                       old`,
    `edge   ${edge}  90d      never`,
    `gone   ${gone}  100d     2026-06-01 00:00Z           expired`,
    `-      ${bare}  unknown  never`,
    ''
  ]
  const { code, stdout, stderr } = await runCommand(['list', '--store', file], { now: NOW })
  t.match({ code, stderr }, { code: 0, stderr: '' })
  t.equal(stdout, lines.join('\n'))
  const plain = await runCommand(['list', '--store', file], { now: NOW, colors: false })
  t.equal(plain.stdout, stdout, 'a terminal without colours, such as with NO_COLOR')
  const colored = await runCommand(['list', '--store', file], { now: NOW, colors: true })
  t.equal(colored.stdout, stdout.replace(/expired$/m, '\x1b[31mexpired\x1b[0m').replace(/old$/m, '\x1b[33mold\x1b[0m'))
})

t.test('list --json is for programs', async t => {
  const { file } = await makeKeyFile(t)
  await new FileKeyStore(file).addAll(keys)
  const { stdout } = await runCommand(['list', '--json', '--store', file], { now: NOW, colors: true })
  const listed = JSON.parse(stdout)
  t.same(listed.map(({ status }: { status: string }) => status), ['good', 'old', 'good', 'expired', 'good'])
  t.same(listed[0], { ...JSON.parse(JSON.stringify(keys[0])), status: 'good' })
})

t.test('an empty store has a heading and no lines', async t => {
  const { file } = await makeKeyFile(t)
  const store = new FileKeyStore(file)
  await store.add(keys[0] as NonNullable<typeof keys[0]>)
  await store.revoke(keys[0]?.id as string)
  t.equal((await runCommand(['list', '--store', file])).stdout, 'NAME  ID  AGE  EXPIRES\n')
  t.equal((await runCommand(['list', '--json', '--store', file])).stdout, '[]\n')
})
