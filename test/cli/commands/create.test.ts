import { readdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import t from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import { keyIn, runCommand } from '../../support/cli.ts'
import { makeKeyFile } from '../../support/key-file.ts'

const NOW = Date.parse('2026-01-01T00:00:00Z')

t.test('create stores a key and prints it once', async t => {
  const { file, records } = await makeKeyFile(t)
  const { code, stdout, stderr } = await runCommand([
    'create', '--name', '计费', '--expires', '90d', '--metadata', '{"plan":"gold"}', '--store', file
  ], { now: NOW })
  const key = keyIn(stdout)
  const { id, digest } = createApiKey(key)
  t.equal(code, 0)
  t.equal(stdout, `key      ${key}\nid       ${id}\nname     计费\nexpires  2026-04-01T00:00:00.000Z\n`)
  t.equal(stderr, 'Keep the key now: it is not shown again.\n')
  t.same(await records(), [{
    id, digest, name: '计费', createdAt: new Date(NOW), expiresAt: new Date('2026-04-01'), metadata: { plan: 'gold' }, scopes: undefined
  }])
  t.equal((await stat(file)).mode & 0o777, 0o600)
})

t.test('create --scopes says what the key may do: blanks or commas stand between scopes, and nothing is none of them', async t => {
  const cases = [
    ['flows:read', ['flows:read']], ['a b', ['a', 'b']], ['a,b', ['a', 'b']], [' b,\ta, b ', ['b', 'a']], ['', []], [' , ', []]
  ] as const
  for (const [text, scopes] of cases) {
    const { file, records } = await makeKeyFile(t)
    const { code, stdout } = await runCommand(['create', '--name', 'x', '--scopes', text, '--store', file])
    t.equal(code, 0, JSON.stringify(text))
    t.match(stdout, new RegExp(`\nscopes   ${scopes.join(' ') || 'none'}\n$`), JSON.stringify(text))
    t.strictSame((await records())[0]?.scopes, scopes, JSON.stringify(text))
  }
})

t.test('create --quiet prints the key alone, to be piped', async t => {
  const { file, records } = await makeKeyFile(t)
  const { stdout, stderr } = await runCommand(['create', '--name', 'billing', '--quiet'], { env: { API_KEYS_FILE: file } })
  t.equal(stdout, `${keyIn(stdout)}\n`)
  t.equal(stderr, '')
  t.match(await records(), [{ name: 'billing', expiresAt: undefined, metadata: undefined }])
})

t.test('what is wrong about a new key is wrong usage, and makes no store', async t => {
  const { file } = await makeKeyFile(t)
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['--name', '', /^dbgpt-auth: --name is 1 to 200 characters without control characters, see/], ['--name', 'a\r', /--name is 1 to 200/],
    ['--expires', '0d', /--expires must be in the future/], ['--expires', '2020-01-01', /--expires must be in the future/],
    ['--expires', '2030-02-31', /--expires must be a duration such as 90d, or a date/],
    ...['[]', '"x"', 'null', '7', '{', '', "'{}'", '{plan:gold}'].map(text => ['--metadata', text, /--metadata must be a JSON object such as/] as const),
    ...['a"', 'a\\', 'é', Array.from({ length: 51 }, (_, index) => `s${index}`).join()].map(text => ['--scopes', text, /--scopes must be at most 50/] as const)
  ]
  for (const [option, value, message] of cases) {
    const named = option === '--name' ? [] : ['--name', 'x']
    const { code, stdout, stderr } = await runCommand(['create', ...named, `${option}=${value}`, '--store', file], { now: NOW })
    t.match({ code, stdout }, { code: 2, stdout: '' }, `${option} ${JSON.stringify(value)}`)
    t.match(stderr, message, `${option} ${JSON.stringify(value)}`)
  }
  t.same(await readdir(dirname(file)), [])
})

t.test('names may repeat, and each key is another', async t => {
  const { file, records } = await makeKeyFile(t)
  for (let count = 0; count < 3; count++) await runCommand(['create', '--name', 'billing', '--store', file])
  t.equal(new Set((await records()).map(({ id }) => id)).size, 3)
})
