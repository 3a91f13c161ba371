import { hostname, userInfo } from 'node:os'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { createApiKey, FileKeyStore } from '../../../lib/index.ts'
import { KEY, OTHER_KEY } from '../../support/app.ts'
import { keyIn, runCommand } from '../../support/cli.ts'
import { makeKeyFile } from '../../support/key-file.ts'
import { shown } from '../../support/shown.ts'

const A = createApiKey({ key: KEY, name: 'web' })
const B = createApiKey(OTHER_KEY)

/** A file with some history. */
async function makeHistory (t: Test): Promise<{ file: string, store: FileKeyStore }> {
  const { file } = await makeKeyFile(t)
  const store = new FileKeyStore(file)
  await store.addAll([A, B], { actor: 'ann' })
  await store.update(A.id, { name: 'sh\u202eop', expiresAt: new Date('2030-01-01'), metadata: { a: 1 } }, { actor: 'bob' })
  await store.update(A.id, { scopes: [] }, { actor: '计' })
  await store.update(A.id, { scopes: ['a', 'b'] }, { actor: 'dee' })
  await store.revoke(A.id, { actor: 'eve' })
  return { file, store }
}

/** The columns of what was printed, without the times. */
function rowsOf (stdout: string): string[][] {
  return stdout.trimEnd().split('\n').map(line => line.split(/ {2,}/).slice(1))
}

t.test('history shows who did what to which keys, the newest last', async t => {
  const { file } = await makeHistory(t)
  const { code, stdout, stderr } = await runCommand(['history', '--store', file])
  t.match({ code, stderr }, { code: 0, stderr: '' })
  t.same(rowsOf(stdout), [
    ['WHO', 'WHAT', 'KEY', 'NAME', 'CHANGES'],
    ['ann', 'add', A.id, 'web', 'and 1 more'],
    ['bob', 'update', A.id, 'sh\\u202eop', 'name: web -> sh\\u202eop, expiresAt: never -> 2030-01-01T00:00:00.000Z, metadata'],
    ['计', 'update', A.id, 'sh\\u202eop', 'scopes: all -> none'],
    ['dee', 'update', A.id, 'sh\\u202eop', 'scopes: none -> a b'],
    ['eve', 'revoke', A.id, 'sh\\u202eop']
  ])
  t.match(stdout, /^WHEN +WHO/)
  t.match(stdout, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ {2}ann/m)
  const { stdout: last } = await runCommand(['history', '--limit', '2', '--store', file])
  t.same(rowsOf(last).map(([who]) => who), ['WHO', 'dee', 'eve'])
})

t.test('history of a key is found by its id, its digest, its text, and each name that it has had', async t => {
  const { file } = await makeHistory(t)
  for (const asked of [A.id, A.id.toUpperCase(), A.digest, `SHA256:${A.digest.toUpperCase()}`, 'web', 'sh\u202eop', '--stdin']) {
    const { stdout } = await runCommand(['history', asked, '--store', file], { stdin: KEY })
    const rows = rowsOf(stdout).slice(1)
    t.same(rows.map(([who]) => who), ['ann', 'bob', '计', 'dee', 'eve'], shown(asked))
    t.same(rows[0], ['ann', 'add', A.id, 'web'], 'of the others that were added with it, nothing')
  }
  const { stdout } = await runCommand(['history', 'web', '--limit', '1', '--json', '--store', file])
  t.match(JSON.parse(stdout), [{ at: /Z$/, actor: 'eve', action: 'revoke', keys: [{ id: A.id, name: 'sh\u202eop' }] }])
  t.match(stdout, 'sh\\u202eop')
  for (const asked of ['nobody', '0123456789abcdef', '--stdin']) {
    t.match(await runCommand(['history', asked, '--store', file], { stdin: `${KEY}x` }), {
      code: 1, stdout: '', stderr: 'dbgpt-auth: no change of a key with this id, digest or name is in the history: see "dbgpt-auth history"\n'
    }, shown(asked))
  }
})

t.test('a key is found by the name that it had before the history began, and a change that failed is shown to have', async t => {
  const { file } = await makeKeyFile(t)
  const entry = (more: object): string => `${JSON.stringify({ at: new Date(0), actor: 'ann', ...more })}\n`
  const keys = [{ id: A.id, name: 'new' }]
  const changes = { name: { from: 'old', to: 'new' }, other: { from: { a: 1 }, to: 7 } }
  await writeFile(`${file}.history`, entry({ action: 'update', keys, changes }) + entry({ action: 'revoke', keys, failed: true }))
  const { stdout } = await runCommand(['history', 'old', '--store', file])
  t.same(rowsOf(stdout).slice(1), [
    ['ann', 'update', A.id, 'new', 'name: old -> new, other: {"a":1} -> 7'], ['ann', 'revoke failed', A.id, 'new']
  ])
})

t.test('no history yet is told beside the output, and one that cannot be read is a failure', async t => {
  const { file } = await makeKeyFile(t)
  t.match(await runCommand(['history', '--store', file]), { code: 1, stdout: '', stderr: /there is no such file/ })
  await writeFile(file, '{"keys":[]}')
  const none = { code: 0, stderr: 'There is no history yet: it begins with the next change.\n' }
  t.match(await runCommand(['history', '--store', file]), { ...none, stdout: '' })
  t.match(await runCommand(['history', '--json', '--store', file]), { code: 0, stdout: '[]\n', stderr: '' })
  await writeFile(file, KEY)
  t.match(await runCommand(['history', '--store', file]), { ...none, stdout: '' }, 'a plain list, which is not written to')
  await mkdir(`${file}.history`)
  t.match(await runCommand(['history', '--store', file]), { code: 1, stdout: '', stderr: /keys\.json\.history cannot be read: it is no file/ })
  for (const limit of ['0', '-1', '10001', '1e3', 'x', '']) {
    t.match(await runCommand(['history', `--limit=${limit}`, '--store', file]), { code: 2, stderr: /--limit must be a number from 1 to 10000/ }, limit)
  }
})

t.test('each verb that changes something says who does it: the user, behind sudo too, or --actor', async t => {
  const { file } = await makeKeyFile(t)
  const place = ['--store', file]
  const run = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runCommand([...args, ...place, '--actor', `a ${args[0]}`], { stdin: OTHER_KEY })
    t.equal(code, 0, stderr)
    return stdout
  }
  const { id } = createApiKey(keyIn(await run('create', '--name', 'web')))
  await run('rename', 'web', 'shop')
  await run('scopes', 'shop', '--scopes', '')
  await run('rotate', 'shop')
  await run('import')
  await run('revoke', id)
  await runCommand(['revoke', B.id, ...place])
  await runCommand(['create', '--name', 'x', ...place], { env: { SUDO_USER: 'alice' } })
  await runCommand(['create', '--name', 'y', ...place], { env: { SUDO_USER: 'a\nb' } })
  const own = `${userInfo().username}@${hostname()}`
  t.same((await new FileKeyStore(file).history()).map(({ actor, action }) => `${actor} ${action}`), [
    'a create add', 'a rename update', 'a scopes update', 'a rotate add', 'a rotate update', 'a import add', 'a revoke revoke',
    `${own} revoke`, `alice (${own.replace('@', ')@')} add`, `${own} add`
  ])
  const before = await readFile(file, 'utf8')
  for (const args of [['create', '--name', 'z'], ['rename', 'x', 'z'], ['scopes', 'x', '--scopes', ''], ['rotate', 'x'], ['import'], ['revoke', 'x']]) {
    for (const actor of ['', 'a\nb', 'x'.repeat(201)]) {
      t.match(await runCommand([...args, `--actor=${actor}`, ...place], { stdin: KEY }), {
        code: 2, stdout: '', stderr: /^dbgpt-auth: --actor is 1 to 200 characters without control characters, see "dbgpt-auth /
      }, `${args[0]} ${actor.length}`)
    }
  }
  t.equal(await readFile(file, 'utf8'), before)
})

t.test('a revocation that is in no history is done, and warned of', async t => {
  const { file, records } = await makeKeyFile(t)
  await new FileKeyStore(file).addAll([A])
  const broken = await makeKeyFile(t)
  await writeFile(broken.file, await readFile(file))
  await mkdir(`${broken.file}.history`)
  const { code, stdout, stderr } = await runCommand(['revoke', 'web', '--store', broken.file])
  t.match({ code, stdout }, { code: 0, stdout: `revoked  ${A.id}  web\n` })
  t.match(stderr, /^dbgpt-auth: A key is revoked, which is in no history: [^\n]*\(EISDIR\)\n$/)
  t.same(await broken.records(), [])
  t.match(await runCommand(['create', '--name', 'x', '--store', broken.file]), {
    code: 1, stdout: '', stderr: /history cannot be written, so nothing is changed: it is a folder/
  })
  t.equal((await records()).length, 1)
})
