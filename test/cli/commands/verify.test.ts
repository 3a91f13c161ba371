import { writeFile } from 'node:fs/promises'
import t from 'tap'
import { createApiKey, FileKeyStore, generateApiKey, hashApiKey } from '../../../lib/index.ts'
import { digestOf, idOf } from '../../../lib/keys/digest.ts'
import { KEY, MARKER, OTHER_KEY } from '../../support/app.ts'
import { runCommand } from '../../support/cli.ts'
import { makeKeyFile } from '../../support/key-file.ts'
import { shown } from '../../support/shown.ts'
import { workElsewhere } from '../../support/work-elsewhere.ts'

const API_KEYS = `${KEY},${OTHER_KEY}`

t.test('a good key is told with its details', async t => {
  const { file } = await makeKeyFile(t)
  const expiresAt = new Date(Date.now() + 86_400_000)
  const key = createApiKey({ key: KEY, name: 'web', scopes: ['flows:read'], expiresAt })
  await new FileKeyStore(file).add(key)
  for (const [args, env] of [[['--store', file], {}], [[], { API_KEYS_FILE: file }]] as const) {
    const { code, stdout } = await runCommand(['verify', ...args], { env, stdin: `${KEY}\n` })
    t.equal(code, 0, shown(args))
    t.equal(stdout, `good\nid       ${key.id}\nname     web\nscopes   flows:read\nexpires  ${expiresAt.toISOString()}\n`, shown(args))
  }
  const { code, stdout } = await runCommand(['verify', '--json', '--store', file, '--scopes', 'flows:read'], { stdin: KEY })
  t.equal(code, 0)
  t.same(JSON.parse(stdout), { good: true, key: { id: key.id, name: 'web', scopes: ['flows:read'], expiresAt: expiresAt.toISOString() } })
  const lacking = await runCommand(['verify', '--store', file, '--scopes', 'flows:read flows:write'], { stdin: KEY })
  t.match(lacking, { code: 1, stdout: `scope: the key ${key.id} (web) is good, and lacks the scopes flows:write\n` })
  const { stdout: json } = await runCommand(['verify', '--json', '--store', file, '--scopes', 'a'], { stdin: KEY })
  t.match(JSON.parse(json), { good: false, reason: 'scope', missingScopes: ['a'], key: { id: key.id } })
})

t.test('API_KEYS is asked as a server would ask it, also where a server would refuse to start', async t => {
  await workElsewhere(t)
  for (const env of [{ API_KEYS }, { API_KEYS: hashApiKey(KEY) }, { API_KEYS: `${KEY},a`, NODE_ENV: 'production' }, { API_KEYS, API_AUTH: 'off' }]) {
    t.match(await runCommand(['verify'], { env, stdin: KEY }), { code: 0, stdout: /^good\n.*\nname +-\nscopes +all\nexpires +never\n$/ })
  }
  t.match(await runCommand(['verify'], { stdin: KEY }), { code: 2, stderr: /no key store is named.* API_KEYS,/ })
  t.match(await runCommand(['verify'], { env: { API_KEYS } }), { code: 2, stderr: /pipe the key in/ }, 'a terminal')
  t.match(await runCommand(['verify', '--scopes', ''], { env: { API_KEYS }, stdin: KEY }), { code: 2, stderr: /--scopes/ })
  t.match(await runCommand(['verify', '--lang', 'zh'], { env: { API_KEYS }, stdin: KEY }), { code: 2 })
  t.match(await runCommand(['verify'], { env: { API_KEYS, API_KEYS_FILE: 'x' }, stdin: KEY }), { code: 1, stderr: /keys come from one place/ })
})

const generated = generateApiKey()
const mistyped = `${generated.slice(0, -1)}${generated.endsWith('a') ? 'b' : 'a'}`

t.test('a key that is not good is told why', async t => {
  await workElsewhere(t)
  const cases: readonly (readonly [given: string | Buffer, reason: string, says: RegExp])[] = [
    ['', 'missing', /does what is piped in print it/],
    [' \n', 'missing', /no key/],
    [`${MARKER}-unknown`, 'unknown', /not in the list/],
    [KEY.toUpperCase(), 'unknown', /not in the list/],
    [`${KEY} ${KEY}`, 'miswritten', /holds a blank/],
    [`${KEY}\n${KEY}`, 'miswritten', /holds a line end/],
    [`Authorization: Bearer "${KEY}"`, 'miswritten', /"Bearer".*Without that/],
    [`"Bearer ${KEY}"`, 'miswritten', /in quotes.*Without that/],
    [idOf(digestOf(KEY)), 'miswritten', /looks like the id of a key/],
    [digestOf(KEY).toUpperCase(), 'miswritten', /digest of a key/],
    [digestOf(MARKER), 'unknown', /not in the list/],
    [Buffer.from(`${MARKER}\0`), 'malformed', /holds a NUL/],
    [Buffer.from(`\ufeff${MARKER}`, 'utf16le').swap16(), 'malformed', /UTF-16/],
    [`${KEY}é`, 'malformed', /visible ASCII/],
    [MARKER.repeat(100), 'malformed', /512/],
    [mistyped, 'mistyped', /checksum/],
    [generated.slice(0, -2), 'mistyped', /cut short/],
    [`"${KEY}"`, 'miswritten', /in quotes: drop them\. Without that, it is good$/],
    [`"${MARKER}"`, 'miswritten', /in quotes: drop them$/],
    [`Bearer ${KEY}`, 'miswritten', /"Bearer".*Without that/],
    [`API_KEY=${KEY}`, 'miswritten', /name of a variable.*Without that/],
    [`API_KEY="${KEY}"\r\n`, 'miswritten', /Without that/],
    [hashApiKey(KEY), 'miswritten', /digest of a key/],
    [Buffer.from(`\ufeff${MARKER}`, 'utf16le'), 'unknown', /not in the list/]
  ]
  for (const [given, reason, says] of cases) {
    const { code, stdout, stderr } = await runCommand(['verify', '--json'], { env: { API_KEYS }, stdin: given })
    const answer = JSON.parse(stdout) as { message: string }
    t.match(answer, { good: false, reason, message: says }, reason)
    t.equal(code, 1, reason)
    const { stdout: text } = await runCommand(['verify'], { env: { API_KEYS }, stdin: given })
    t.equal(text, `${reason}: ${answer.message}\n`, reason)
    t.notMatch(stdout + stderr + text, MARKER, reason)
  }
})

t.test('of a key that was revoked, or has expired, it is told when', async t => {
  const { file } = await makeKeyFile(t)
  const store = new FileKeyStore(file)
  const [web, old] = [createApiKey({ key: KEY, name: 'web' }), createApiKey({ key: OTHER_KEY, expiresAt: new Date(0) })]
  await store.addAll([web, old])
  await store.revoke(web.id, { actor: 'ann' })
  const run = async (stdin: string, ...args: string[]) => await runCommand(['verify', '--store', file, ...args], { stdin })
  t.match(await run(KEY), { code: 1, stdout: new RegExp(`^revoked: the key ${web.id} \\(web\\) was revoked at 20\\S+ by ann\n$`) })
  t.match(JSON.parse((await run(KEY, '--json')).stdout), { reason: 'revoked', id: web.id, name: 'web', revokedBy: 'ann', revokedAt: /^20/ })
  t.match(await run(OTHER_KEY), { code: 1, stdout: `expired: the key ${old.id} has expired, at 1970-01-01T00:00:00.000Z\n` })
  t.match(JSON.parse((await run(OTHER_KEY, '--json')).stdout), { reason: 'expired', key: { id: old.id } })
  await writeFile(`${file}.history`, '')
  t.match(await run(KEY), { code: 1, stdout: /^unknown/ })
})

t.test('a store that cannot be looked at is told, and its name is not where there is none', async t => {
  const folder = await workElsewhere(t)
  t.match(await runCommand(['verify'], { env: { API_KEYS_FILE: `${folder}/${MARKER}` }, stdin: KEY }), {
    code: 1, stdout: /^unavailable: .*: The key file that API_KEYS_FILE names cannot be read: there is no such file/
  })
  const { code, stdout } = await runCommand(['verify', '--json', '--store', MARKER], { stdin: KEY })
  t.equal(code, 1)
  t.match(JSON.parse(stdout), { good: false, reason: 'unavailable', message: /that --store names/ })
  await writeFile('keys.json', '{"keys":[')
  const cut = await runCommand(['verify', '--store', 'keys.json'], { stdin: KEY })
  t.match(cut, { code: 1, stdout: /^unavailable: .*keys\.json/ })
})
