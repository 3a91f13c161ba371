import { stat, writeFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { createApiKey, FileKeyStore } from '../../../lib/index.ts'
import { KEY, OTHER_KEY } from '../../support/app.ts'
import { runCommand } from '../../support/cli.ts'
import { makeKeyFile } from '../../support/key-file.ts'

const NOW = Date.parse('2026-06-01T00:00:00Z')
const [used, unused] = [createApiKey({ key: KEY, name: 'web' }), createApiKey({ key: OTHER_KEY, name: 'shop' })]
const usage = JSON.stringify({ version: 1, keys: { [used.id]: { count: 12, lastUsedAt: '2026-05-31T23:58:00.000Z' } } })

async function makeUsedFile (t: Test): Promise<string> {
  const { file } = await makeKeyFile(t)
  await new FileKeyStore(file).addAll([used, unused])
  await writeFile(`${file}.usage`, usage)
  return file
}

t.test('list shows when each key was last used', async t => {
  const { stdout, stderr } = await runCommand(['list', '--store', await makeUsedFile(t)], { now: NOW })
  t.equal(stderr, '')
  t.equal(stdout, [
    'NAME  ID                AGE      EXPIRES  LAST USED',
    `web   ${used.id}  unknown  never    2m ago`,
    `shop  ${unused.id}  unknown  never    -`,
    ''
  ].join('\n'))
})

t.test('list --json tells that, and how often, and import takes it back', async t => {
  const file = await makeUsedFile(t)
  const { stdout } = await runCommand(['list', '--json', '--store', file], { now: NOW })
  const [first, second] = JSON.parse(stdout) as object[]
  t.match(first, { id: used.id, lastUsedAt: '2026-05-31T23:58:00.000Z', uses: 12 })
  t.same(Object.keys(second ?? {}).filter(field => field.startsWith('us') || field.startsWith('last')), [])
  const copy = await makeKeyFile(t)
  t.match(await runCommand(['import', '--store', copy.file], { stdin: stdout }), { code: 0, stdout: '2 imported, 0 already there\n' })
  t.same(await copy.records(), [used, unused])
})

t.test('show tells both, of a key that was used', async t => {
  const file = await makeUsedFile(t)
  const { stdout } = await runCommand(['show', 'web', '--store', file], { now: NOW })
  t.match(stdout, /^last used {2}2026-05-31T23:58:00\.000Z \(2m ago\)\nuses {7}12$/m)
  t.notMatch((await runCommand(['show', 'shop', '--store', file], { now: NOW })).stdout, /^(last used|uses)/m)
})

t.test('a renamed key keeps its usage, and a rotated one leaves it with the old', async t => {
  const file = await makeUsedFile(t)
  await runCommand(['rename', 'web', 'site', '--store', file])
  await runCommand(['rotate', 'site', '--store', file], { now: NOW })
  const { stdout } = await runCommand(['list', '--json', '--store', file], { now: NOW })
  const site = (JSON.parse(stdout) as { id: string, name: string, uses?: number }[]).filter(({ name }) => name === 'site')
  t.same(site.map(({ id, uses }) => [id === used.id, uses]), [[true, 12], [false, undefined]])
})

t.test('usage that cannot be read is told of beside the output, and the keys are shown all the same', async t => {
  const file = await makeUsedFile(t)
  await writeFile(`${file}.usage`, usage.slice(0, 40))
  const { code, stdout, stderr } = await runCommand(['list', '--store', file], { now: NOW })
  t.equal(code, 0)
  t.match(stdout, /^NAME {2}ID {16}AGE {6}EXPIRES\nweb/)
  t.match(stderr, /^dbgpt-auth: how keys are used is not shown: The usage file .*keys\.json\.usage cannot be read/)
  t.equal((await stat(`${file}.usage`)).size, 40, 'it is only read')
})
