import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type CliStore, storeOf } from '../../../lib/cli/call/store.ts'
import { UsageError } from '../../../lib/cli/call/options.ts'
import type { Call } from '../../../lib/cli/call/types.ts'
import { createApiKey } from '../../../lib/index.ts'
import { RedisKeyStore } from '../../../lib/stores/redis/store.ts'
import { KEY } from '../../support/app.ts'
import { makeTemporaryFolder } from '../../support/files.ts'
import { shown } from '../../support/shown.ts'

function open (store?: string, env: Record<string, string> = {}, values: Record<string, string> = {}): CliStore {
  return storeOf({ values: { store, ...values }, streams: { env } } as unknown as Call)
}

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
    await open(named, env).add(createApiKey(KEY))
    t.equal((await open(file).list()).length, 1, shown(named))
    await rm(file)
  }
})

t.test('without a store, or with two, the way out is named', async t => {
  await workIn(t)
  t.throws(() => open(), { message: /pass --store, or set API_KEYS_FILE or API_KEYS_REDIS_URL/ })
  t.throws(() => open(undefined, { API_KEYS: KEY }), { message: /no key store is named/ })
  t.throws(() => open(undefined, { API_KEYS_FILE: 'a', API_KEYS_REDIS_URL: 'redis://b' }), { message: /say which with --store/ })
  t.throws(() => open(' '), { message: /--store must name a file or the URL of a Redis/ })
})

t.test('a URL of a Redis names a store in it', async t => {
  await workIn(t, 'API_KEYS_REDIS_URL=redis://dotenv\n')
  for (const store of [open('rediss://:secret@host', {}, { prefix: 'mine', replicas: '2' }), open(), open('REDIS://host:1/2')]) {
    t.ok(store instanceof RedisKeyStore, shown(store))
  }
})

t.test('what is wrong about a Redis is named, and its URL is not told', async t => {
  await workIn(t)
  const cases: readonly (readonly [string, Record<string, string>, RegExp])[] = [
    ['redis://:secret@host:port', {}, /must be redis:\/\/user:password@host/],
    ['redis://:secret@host', { prefix: '{' }, /"prefix" must be/],
    ['redis://:secret@host', { replicas: 'all' }, /--replicas must be a number/],
    ['keys.json', { replicas: '1' }, /--replicas is for keys in Redis/],
    ['keys.json', { prefix: 'mine' }, /--prefix is for keys in Redis/]
  ]
  for (const [store, values, message] of cases) {
    const error = t.throws(() => open(store, {}, values), { message }, shown(store))
    t.ok(error instanceof UsageError, shown(store))
    t.notMatch(error, /secret/, shown(store))
  }
})

t.test('a .env that cannot be read is an error', async t => {
  await workIn(t)
  await writeFile('.env', Buffer.from('\ufeffAPI_KEYS_FILE=keys.json', 'utf16le'))
  t.throws(() => open(), { code: 'FST_DBGPT_AUTH_ENVIRONMENT', message: /\.env cannot be read, it is UTF-16/ })
})
