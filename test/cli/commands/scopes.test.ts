import t from 'tap'
import { createApiKey, FileKeyStore } from '../../../lib/index.ts'
import { KEY, OTHER_KEY } from '../../support/app.ts'
import { runCommand } from '../../support/cli.ts'
import { makeKeyFile } from '../../support/key-file.ts'
import { shown } from '../../support/shown.ts'

const key = createApiKey({ key: KEY, name: 'billing', createdAt: new Date(1e12), expiresAt: new Date(3e12), metadata: { plan: 'gold' } })
const other = createApiKey({ key: OTHER_KEY, name: 'shop', scopes: ['a'] })

t.test('scopes changes what a key may do, and nothing else', async t => {
  for (const asked of ['billing', key.id, key.digest, '--stdin']) {
    const { file, records } = await makeKeyFile(t)
    await new FileKeyStore(file).addAll([key, other])
    for (const [text, scopes] of [['b,a', ['b', 'a']], ['', []], ['c', ['c']]] as const) {
      t.match(await runCommand(['scopes', asked, '--scopes', text, '--store', file], { stdin: KEY }), {
        code: 0, stdout: `scopes  ${key.id}  ${scopes.join(' ') || 'none'}\n`, stderr: ''
      }, shown(asked))
      t.same(await records(), [{ ...key, scopes }, other], shown(asked))
    }
  }
})

t.test('what are no scopes, and who is not there, changes nothing', async t => {
  const { file, records } = await makeKeyFile(t)
  await new FileKeyStore(file).addAll([key, { ...other, name: 'billing' }])
  for (const [code, message, ...args] of [
    [2, /--scopes is required/, key.id], [2, /--scopes must be at most 50 scopes/, key.id, '--scopes', '"'], [2, /2 keys have this name/, 'billing', '--scopes', 'b'],
    [2, /an argument is missing/, '--scopes', 'b'], [1, /no key has this id/, 'nobody', '--scopes', 'b']
  ] as const) {
    t.match(await runCommand(['scopes', ...args, '--store', file]), { code, stdout: '', stderr: message }, JSON.stringify(args))
  }
  t.same((await records()).map(({ scopes }) => scopes), [undefined, ['a']])
  t.match(await runCommand(['scopes', 'billing', '--scopes', 'b', '--all', '--store', file]), { code: 0, stdout: /^scopes .* b\nscopes .* b\n$/ })
  t.same((await records()).map(({ scopes }) => scopes), [['b'], ['b']])
})
