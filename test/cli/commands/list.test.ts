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

t.test('list has a column of how many scopes there are, where a key has a list of them', async t => {
  const { file } = await makeKeyFile(t)
  const scopes = [undefined, [], ['a'], ['a', 'b']]
  await new FileKeyStore(file).addAll(scopes.map((scopes, index) => createApiKey({ key: `${KEY}${index}`, name: `${index}`, createdAt: at(-91), scopes })))
  const { stdout } = await runCommand(['list', '--store', file], { now: NOW })
  t.same(stdout.trimEnd().split('\n').map(line => line.split(/ {2,}/).slice(3)), [
    ['EXPIRES', 'SCOPES'], ['never', 'all', 'old'], ['never', 'none', 'old'], ['never', '1', 'old'], ['never', '2', 'old']
  ])
  const { stdout: json } = await runCommand(['list', '--json', '--store', file], { now: NOW })
  t.same(JSON.parse(json).map(({ scopes }: { scopes?: string[] }) => scopes), scopes)
})

t.test('list --json is for programs', async t => {
  const { file } = await makeKeyFile(t)
  await new FileKeyStore(file).addAll(keys)
  const { stdout } = await runCommand(['list', '--json', '--store', file], { now: NOW, colors: true })
  const listed = JSON.parse(stdout)
  t.same(listed.map(({ status }: { status: string }) => status), ['good', 'old', 'good', 'expired', 'good'])
  t.same(listed[0], { ...JSON.parse(JSON.stringify(keys[0])), status: 'good' })
})

t.test('a store without keys is told of beside the output', async t => {
  const { file } = await makeKeyFile(t)
  const store = new FileKeyStore(file)
  await store.add(keys[0] as NonNullable<typeof keys[0]>)
  await store.revoke(keys[0]?.id as string)
  t.match(await runCommand(['list', '--store', file]), {
    code: 0, stdout: '', stderr: 'There are no keys: "dbgpt-auth create" makes one.\n'
  })
  t.match(await runCommand(['list', '--json', '--store', file]), { code: 0, stdout: '[]\n', stderr: '' })
})

t.test('long names are shortened to 80 columns, or to a wider terminal, and what cannot be seen is escaped', async t => {
  const { file } = await makeKeyFile(t)
  const odd = ['x'.repeat(200), '计'.repeat(100), 'e\u0301'.repeat(100), 'a\u202eb'.repeat(40), '👋'.repeat(50), '\u200b'.repeat(200)]
  await new FileKeyStore(file).addAll(odd.map((name, index) => createApiKey({
    key: `${KEY}${index}`, name, createdAt: at(-1000), expiresAt: at(10_000)
  })))
  const { stdout } = await runCommand(['list', '--store', file], { now: NOW })
  const lines = stdout.trimEnd().split('\n')
  t.equal(lines.length, odd.length + 1)
  for (const line of lines) {
    t.ok(columnsOf(line) <= 80, line)
    t.notMatch(line, /[\p{Cc}\p{Cf}]/u, line)
  }
  const wide = await runCommand(['list', '--store', file], { now: NOW, colors: false, columns: 300 })
  t.match(wide.stdout, `${odd[0]}  `)
  t.match((await runCommand(['list', '--store', file], { now: NOW, colors: false, columns: 20 })).stdout, stdout)
  const json = await runCommand(['list', '--json', '--store', file], { now: NOW })
  t.match(json.stdout, '"name": "a\\u202eba\\u202eb')
  t.same(JSON.parse(json.stdout).map(({ name }: { name: string }) => name), odd)
})

/** How many columns of a terminal a text takes: for the characters of these tests. */
function columnsOf (text: string): number {
  return [...text.replaceAll('\u0301', '')].length + (text.match(/计|👋/gu) ?? []).length
}
