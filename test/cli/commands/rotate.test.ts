import { writeFile } from 'node:fs/promises'
import t from 'tap'
import { type ApiKey, createApiKey, FileKeyStore } from '../../../lib/index.ts'
import { KEY, OTHER_KEY } from '../../support/app.ts'
import { keyIn, runCommand } from '../../support/cli.ts'
import { makeKeyFile } from '../../support/key-file.ts'
import { shown } from '../../support/shown.ts'

const HOUR = 3_600_000
const NOW = Date.parse('2026-06-01T00:00:00Z')
const old = createApiKey({ key: KEY, name: 'billing', createdAt: new Date(NOW - HOUR), metadata: { plan: 'gold' }, scopes: ['a'] })

t.test('rotate makes a key of the same name, metadata and scopes, and lets the old one live for a day', async t => {
  for (const asked of ['billing', old.id, old.digest, '--stdin']) {
    const { file, records } = await makeKeyFile(t)
    await new FileKeyStore(file).add(old)
    const { code, stdout, stderr } = await runCommand(['rotate', asked, '--store', file], { now: NOW, stdin: KEY })
    t.equal(code, 0, shown(asked))
    t.match(stderr, `The old key ${old.id} ends at 2026-06-02T00:00:00.000Z.`, shown(asked))
    const { id, digest } = createApiKey(keyIn(stdout))
    t.same(await records(), [
      { ...old, expiresAt: new Date(NOW + 24 * HOUR) },
      { id, digest, name: 'billing', createdAt: new Date(NOW), expiresAt: undefined, metadata: { plan: 'gold' }, scopes: ['a'] }
    ], shown(asked))
  }
})

t.test('the grace period can be shorter, or none', async t => {
  for (const [grace, ms] of [['1h', HOUR], ['0', 0], ['0s', 0]] as const) {
    const { file, records } = await makeKeyFile(t)
    await new FileKeyStore(file).add(old)
    const { stdout, stderr } = await runCommand(['rotate', 'billing', '--grace', grace, '--quiet', '--store', file], { now: NOW })
    t.equal(stdout, `${keyIn(stdout)}\n`, shown(grace))
    t.equal(stderr, '', shown(grace))
    t.same((await records())[0]?.expiresAt, new Date(NOW + ms), shown(grace))
  }
})

t.test('the new key can have an expiry', async t => {
  const { file, records } = await makeKeyFile(t)
  await new FileKeyStore(file).add(old)
  await runCommand(['rotate', 'billing', '--expires', '2027-01-01', '--store', file], { now: NOW })
  t.same((await records())[1]?.expiresAt, new Date('2027-01-01'))
})

t.test('a name that was rotated before goes on from its newest key, and no old key lives longer for it', async t => {
  const { file, records } = await makeKeyFile(t)
  const ending = createApiKey({ key: OTHER_KEY, name: 'billing', createdAt: new Date(0), expiresAt: new Date(NOW + HOUR) })
  await new FileKeyStore(file).addAll([ending, old])
  const { stderr } = await runCommand(['rotate', 'billing', '--store', file], { now: NOW })
  t.notMatch(stderr, ending.id)
  t.match(await records(), [
    { id: ending.id, expiresAt: new Date(NOW + HOUR) }, { id: old.id, expiresAt: new Date(NOW + 24 * HOUR) },
    { name: 'billing', metadata: { plan: 'gold' } }
  ])
})

t.test('keys of unknown age are older than any other, and one of them will do', async t => {
  const { file, records } = await makeKeyFile(t)
  const [first, second] = [KEY, OTHER_KEY].map(key => createApiKey({ key, name: 'billing' })) as [ApiKey, ApiKey]
  await new FileKeyStore(file).addAll([first, { ...old, id: createApiKey(`${KEY}1`).id, digest: createApiKey(`${KEY}1`).digest }])
  await runCommand(['rotate', 'billing', '--store', file], { now: NOW })
  t.match((await records())[2], { name: 'billing', metadata: { plan: 'gold' } })
  await new FileKeyStore(file).add(second)
  t.match(await runCommand(['rotate', 'billing', '--store', file], { now: NOW }), { code: 0 })
  const bare = await makeKeyFile(t)
  await new FileKeyStore(bare.file).addAll([first, second])
  t.match(await runCommand(['rotate', 'billing', '--store', bare.file], { now: NOW }), { code: 0 })
  t.match((await bare.records())[2], { name: 'billing', metadata: undefined })
})

t.test('there must be something to rotate', async t => {
  const { file, records } = await makeKeyFile(t)
  await new FileKeyStore(file).add(old)
  t.match(await runCommand(['rotate', 'shop', '--store', file]), { code: 1, stdout: '', stderr: /no key has this id, digest or name/ })
  t.same(await records(), [old])
})

t.test('rotate --dry-run says what would be done, prints no key and changes nothing', async t => {
  const { file, records } = await makeKeyFile(t)
  const ending = createApiKey({ key: OTHER_KEY, name: 'billing', expiresAt: new Date(NOW + 1) })
  await new FileKeyStore(file).addAll([old, ending])
  const args = ['rotate', 'billing', '--dry-run', '--grace', '1h', '--store', file]
  t.match(await runCommand([...args, '--expires', '2027-01-01'], { now: NOW }), {
    code: 0,
    stdout: `would make  a new key         billing  expires 2027-01-01T00:00:00.000Z\nwould end   ${old.id}  billing  at 2026-06-01T01:00:00.000Z\n`,
    stderr: ''
  })
  t.match((await runCommand([...args, '--quiet'], { now: NOW })).stdout, /^would make +a new key +billing +expires never\n/)
  t.same(await records(), [old, ending])
  const bare = createApiKey(`${KEY}1`)
  await new FileKeyStore(file).add(bare)
  t.match((await runCommand(['rotate', bare.id, '--dry-run', '--store', file])).stdout, /^would make .* - .*\nwould end .* - /)
  await writeFile(file, KEY)
  t.match(await runCommand(['rotate', old.id, '--dry-run', '--store', file]), { code: 1, stdout: '', stderr: /plain list/ })
})

t.test('an expiry in the past, or an end that no date is for, makes no key', async t => {
  const { file, records } = await makeKeyFile(t)
  await new FileKeyStore(file).add(old)
  for (const wrong of [['--expires', '0d'], ['--expires', '2026-05-31'], ['--expires', '2027-02-29'], ['--grace', '999999999w']]) {
    t.match(await runCommand(['rotate', 'billing', ...wrong, '--store', file], { now: NOW }), { code: 2, stdout: '' }, shown(wrong))
  }
  t.same(await records(), [old])
})
