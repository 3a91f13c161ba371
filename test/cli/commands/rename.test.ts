import t from 'tap'
import { type ApiKey, createApiKey, FileKeyStore } from '../../../lib/index.ts'
import { KEY, OTHER_KEY } from '../../support/app.ts'
import { runCommand } from '../../support/cli.ts'
import { makeKeyFile } from '../../support/key-file.ts'
import { shown } from '../../support/shown.ts'

const key = createApiKey({ key: KEY, name: 'billing', createdAt: new Date(1e12), expiresAt: new Date(3e12), metadata: { plan: 'gold' }, scopes: [] })
const other = createApiKey({ key: OTHER_KEY, name: 'shop' })

async function storeOf (t: Parameters<typeof makeKeyFile>[0], ...keys: ApiKey[]): ReturnType<typeof makeKeyFile> {
  const made = await makeKeyFile(t)
  await new FileKeyStore(made.file).addAll(keys)
  return made
}

t.test('rename changes the name, and nothing else', async t => {
  for (const asked of ['billing', key.id, key.digest, '--stdin']) {
    const { file, records } = await storeOf(t, key, other)
    t.match(await runCommand(['rename', asked, '计\u202e费', '--store', file], { stdin: KEY }), {
      code: 0, stdout: `renamed  ${key.id}  计\\u202e费\n`, stderr: ''
    }, shown(asked))
    t.same(await records(), [{ ...key, name: '计\u202e费' }, other], shown(asked))
  }
})

t.test('a key without a name is given one', async t => {
  const { file, records } = await storeOf(t, createApiKey(KEY))
  t.match(await runCommand(['rename', key.id, 'billing', '--store', file]), { code: 0 })
  t.match(await records(), [{ name: 'billing' }])
})

t.test('what cannot be a name, and who is not there, changes nothing', async t => {
  const { file, records } = await storeOf(t, key, { ...other, name: 'billing' })
  for (const [code, ...args] of [
    [2, 'billing', ''], [2, key.id, 'a\nb'], [2, key.id, 'x'.repeat(201)], [2, key.id], [2, 'billing', 'x'], [1, 'nobody', 'x'],
    [2, '--stdin', key.id, 'x']
  ] as const) {
    t.match(await runCommand(['rename', ...args, '--store', file], { stdin: KEY }), { code, stdout: '' }, JSON.stringify(args))
  }
  t.same((await records()).map(({ name }) => name), ['billing', 'billing'])
  t.match(await runCommand(['rename', 'billing', 'x', '--all', '--store', file]), { code: 0, stdout: /^renamed .* x\nrenamed .* x\n$/ })
  t.same((await records()).map(({ name }) => name), ['x', 'x'])
})

t.test('renaming and what others do at the same time are both kept', async t => {
  const { file, records } = await storeOf(t, key)
  await Promise.all([
    runCommand(['rename', key.id, 'x', '--store', file]), new FileKeyStore(file).expire(key.id, new Date(2e12)), new FileKeyStore(file).add(other)
  ])
  t.same(new Set(await records()), new Set([{ ...key, name: 'x', expiresAt: new Date(2e12) }, other]))
})
