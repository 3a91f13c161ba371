import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type CliStore, fileOf, storeOf } from '../../../lib/cli/call/store.ts'
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

t.test('the file of a store is named, and none of a Redis', async t => {
  const named = (store: string): string | undefined => fileOf({ values: { store } } as unknown as Call)
  t.equal(named(' keys.json '), 'keys.json')
  t.equal(named('redis://host'), undefined)
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

t.test('what is like a URL or a host is never a file, and the error names the place and the shape, not the text', async t => {
  const folder = await workIn(t)
  const wrong = [
    'localhost:6379', 'secret.example:6379/0', '127.0.0.1:6379', ':6379', '[::1]:6379', 'http://secret', 'https://h/', 'redis:', 'redis:secret',
    'redis:/secret', 'redis://', 'redis://:secret@host:port', 'redis://h?x=secret', 'redis+tls://h', 'REDIS://h/x', 'file:///etc/secret.json',
    'user:secret@host:6379', 'secret:v1.json', 'aa:b', '.:b'
  ]
  const usage = (place: string, store: string, message: RegExp, ...given: Parameters<typeof open>): void => {
    const error = t.throws(() => open(...given), { message }, `${place} ${store}`) as Error
    t.ok(error instanceof UsageError, `${place} ${store}`)
    t.notMatch(error.message, /secret/, `${place} ${store}`)
  }
  for (const store of wrong) {
    usage('--store', store, /^--store must be a file, or redis:\/\/user:password@host:6379\/0, .*\.\/keys:v1\.json$/, store)
    usage('file', store, /^API_KEYS_FILE must be a file: .*API_KEYS_REDIS_URL, .*\.\/keys:v1\.json$/, undefined, { API_KEYS_FILE: store })
  }
  for (const store of [...wrong, 'keys.json', '/secret/keys.json', 'C:\\keys.json', '6379']) {
    usage('url', store, /^API_KEYS_REDIS_URL must be redis:\/\/user:password@host:6379\/0/, undefined, { API_KEYS_REDIS_URL: store })
  }
  usage('file', 'redis://', /^API_KEYS_FILE must be a file/, undefined, { API_KEYS_FILE: 'redis://:secret@host' })
  await writeFile(join(folder, '.env'), 'API_KEYS_REDIS_URL=secret:6379\n')
  usage('.env', '', /^API_KEYS_REDIS_URL must be/)
  t.same(await readdir(folder), ['.env'])
})

t.test('a file may have a colon in its name, behind a folder or the letter of a drive', async t => {
  const folder = await workIn(t)
  await mkdir(join(folder, 'a'))
  for (const store of ['./keys:v1.json', 'a/b:c.json', 'C:\\keys.json', 'c:keys.json', join(folder, 'x:y')]) {
    await open(store).add(createApiKey(KEY))
    await open(undefined, { API_KEYS_FILE: store }).list()
  }
  t.same((await readdir(folder)).filter(name => !name.endsWith('.history')).length, 5)
})

t.test('a .env that cannot be read is an error', async t => {
  await workIn(t)
  await writeFile('.env', Buffer.from('\ufeffAPI_KEYS_FILE=keys.json', 'utf16le'))
  t.throws(() => open(), { code: 'FST_DBGPT_AUTH_ENVIRONMENT', message: /\.env cannot be read, it is UTF-16/ })
})
