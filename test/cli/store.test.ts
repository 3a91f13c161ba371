import { rm, writeFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openStore } from '../../lib/cli/store.ts'
import { createApiKey } from '../../lib/index.ts'
import { KEY } from '../support/app.ts'
import { makeTemporaryFolder } from '../support/files.ts'

/** Works in a folder of its own, with a `.env`. */
async function workIn (t: Test, dotenv?: string): Promise<string> {
  const before = process.cwd()
  const folder = await makeTemporaryFolder(t)
  if (dotenv !== undefined) await writeFile(join(folder, '.env'), dotenv)
  process.chdir(folder)
  t.teardown(() => process.chdir(before))
  return folder
}

t.test('--store goes before the environment, and that before .env', async t => {
  await workIn(t, 'API_KEYS_FILE=dotenv.json\n')
  const cases: readonly (readonly [string | undefined, Record<string, string>, string])[] = [
    ['named.json', { API_KEYS_FILE: 'set.json' }, 'named.json'],
    [undefined, { API_KEYS_FILE: 'set.json' }, 'set.json'],
    [undefined, { API_KEYS_FILE: ' ' }, 'dotenv.json'],
    [undefined, {}, 'dotenv.json']
  ]
  for (const [named, env, file] of cases) {
    await openStore(named, env).add(createApiKey(KEY))
    t.equal((await openStore(file, {}).list()).length, 1)
    await rm(file)
  }
})

t.test('without a store, or with two, the way out is named', async t => {
  await workIn(t)
  t.throws(() => openStore(undefined, {}), { message: /pass --store FILE, or set API_KEYS_FILE/ })
  t.throws(() => openStore(undefined, { API_KEYS: KEY }), { message: /no key store is named/ })
  t.throws(() => openStore(undefined, { API_KEYS_FILE: 'a', API_KEYS_REDIS_URL: 'redis://b' }), { message: /say which with --store/ })
  t.throws(() => openStore('', {}), { message: /--store must name a file/ })
})

t.test('a Redis store is refused, and its URL is not told', async t => {
  await workIn(t)
  for (const [named, env] of [['rediss://:secret@host', {}], [undefined, { API_KEYS_REDIS_URL: 'redis://:secret@host' }]] as const) {
    t.throws(() => openStore(named, env), { message: /^(?!.*secret).*not supported/ })
  }
})

t.test('a .env that cannot be read is an error', async t => {
  await workIn(t)
  await mkdir('.env')
  t.throws(() => openStore(undefined, {}), { code: 'EISDIR' })
})
