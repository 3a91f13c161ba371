import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { type ApiKey, createApiKey, FileKeyStore, type ManagedKeyStore, MemoryKeyStore } from '../lib/index.ts'
import { serializeKeyFile } from '../lib/stores/file/key-file.ts'
import { bearer, harness, KEY, OTHER_KEY, rejection, WRONG_KEY } from './support/app.ts'
import { makeTemporaryFolder } from './support/files.ts'

const { id, digest } = createApiKey(KEY)
const GUARDS = [{ usage: true }, { usage: true, env: { API_KEYS: KEY, API_KEYS_USAGE: 'off' } }, { env: { API_KEYS: KEY, API_KEYS_USAGE: 'on' } }]

async function usesIn (store: unknown): Promise<Record<string, number>> {
  return Object.fromEntries([...await (store as ManagedKeyStore).usage()].map(([id, { count }]) => [id, count]))
}

t.test('each request that is let in with a key is counted, and no other', async t => {
  for (const options of GUARDS) {
    const { app, guard } = harness(t)
    await guard(options)
    app.get('/', () => 'ok')
    app.get('/public', { config: { apiKey: false } }, () => 'ok')
    app.get('/optional', { config: { apiKey: 'optional' } }, () => 'ok')
    for (const [url, headers] of [
      ['/', bearer()], ['/', bearer(WRONG_KEY)], ['/', {}], ['/', { authorization: 'Bearer' }], ['/nowhere', bearer()],
      ['/public', bearer()], ['/optional', bearer()], ['/optional', {}]
    ] as const) await app.inject({ url, headers })
    t.same(await usesIn(app.apiKeys), { [id]: 3 })
  }
})

t.test('without the option, and where the option says no, nothing is counted or written', async t => {
  const file = join(await makeTemporaryFolder(t), 'keys.json')
  await writeFile(file, serializeKeyFile([createApiKey(KEY)]))
  for (const options of [{}, { usage: false, env: { API_KEYS_USAGE: 'on' } }, { env: { API_KEYS_USAGE: ' ' } }]) {
    const { app, guard } = harness(t)
    await guard({ ...options, keys: new FileKeyStore(file) })
    app.get('/', () => 'ok')
    t.equal((await app.inject({ url: '/', headers: bearer() })).statusCode, 200)
    t.same(await usesIn(app.apiKeys), {})
    await app.close()
  }
  t.same(await readdir(join(file, '..')), ['keys.json'])
})

t.test('an expired key is not counted', async t => {
  const { app, guard } = harness(t)
  await guard({ usage: true, keys: [{ key: KEY, expiresAt: new Date(0) }] })
  t.equal((await app.inject({ url: '/', headers: bearer() })).statusCode, 401)
  t.same(await usesIn(app.apiKeys), {})
})

t.test('verifyApiKey counts as the hook does, and with authentication off nothing counts', async t => {
  const { app, guard } = harness(t)
  await guard({ usage: true, addHook: false })
  app.get('/', { onRequest: app.verifyApiKey }, () => 'ok')
  await app.inject({ url: '/', headers: bearer() })
  await app.inject({ url: '/', headers: bearer(WRONG_KEY) })
  t.same(await usesIn(app.apiKeys), { [id]: 1 })
  const off = harness(t)
  await off.guard({ usage: true, mode: 'off', keys: new MemoryKeyStore([createApiKey(KEY)]) })
  off.app.get('/', () => 'ok')
  t.equal((await off.app.inject({ url: '/', headers: bearer() })).statusCode, 200)
  t.same(await usesIn(off.app.apiKeys), {})
})

t.test('scopes that share a store count together, and closing writes beside the key file', async t => {
  const file = join(await makeTemporaryFolder(t), 'keys.json')
  await writeFile(file, serializeKeyFile([createApiKey(KEY), createApiKey(OTHER_KEY)]))
  const keys = new FileKeyStore(file)
  const apps = [harness(t), harness(t)]
  for (const { app, guard } of apps) {
    await guard({ usage: true, keys })
    app.get('/', () => 'ok')
    await app.inject({ url: '/', headers: bearer() })
  }
  await apps[0]?.app.inject({ url: '/', headers: bearer(OTHER_KEY) })
  for (const { app } of apps) await app.close()
  t.same((await readdir(join(file, '..'))).sort(), ['keys.json', 'keys.json.usage'])
  t.same(await usesIn(new FileKeyStore(file)), { [id]: 2, [createApiKey(OTHER_KEY).id]: 1 })
  for (const { log } of apps) t.notOk(log().some(({ level, msg }) => level > 30 || msg === 'API keys reloaded'))
})

t.test('a store of one\'s own counts for itself, or does not start', async t => {
  const used: ApiKey[] = []
  const find = (asked: string): Promise<{ id: string, digest: string } | undefined> => Promise.resolve(asked === digest ? { id: 'mine', digest } : undefined)
  const { app, guard, log } = harness(t)
  let failing = false
  const countUse = (key: ApiKey): void => {
    if (failing) throw new Error('it cannot count')
    used.push(key)
  }
  await guard({ usage: true, keys: { find, countUse } })
  app.get('/', () => 'ok')
  t.equal((await app.inject({ url: '/', headers: bearer() })).statusCode, 200)
  await app.inject({ url: '/', headers: bearer(WRONG_KEY) })
  t.match(used, [{ id: 'mine', digest }])
  t.equal(used.length, 1)
  failing = true
  t.equal((await app.inject({ url: '/', headers: bearer() })).statusCode, 200, 'a request is let in all the same')
  t.match(log().filter(({ level }) => level > 30), [{ msg: 'The key store could not count a use', keyId: 'mine', err: { message: 'it cannot count' } }])
  for (const [options, what] of [[{ usage: true }, 'The option usage is true'], [{ env: { API_KEYS_USAGE: 'on' } }, 'API_KEYS_USAGE is on']] as const) {
    t.match(await rejection(harness(t).guard({ ...options, keys: { find } })), {
      code: 'FST_DBGPT_AUTH_USAGE', message: `${what}, but the key store has no method countUse`
    }, what)
  }
  await harness(t).guard({ keys: { find }, usage: false })
})

t.test('a store that counts by promise, which nobody asked for, ends nothing when that is rejected', async t => {
  const { app, guard, log } = harness(t)
  let counted = 0
  const countUse = async (): Promise<void> => { if (++counted > 1) throw new Error('it cannot count') }
  await guard({ usage: true, keys: { find: digest => ({ id: 'mine', digest }), countUse } })
  app.get('/', () => 'ok')
  for (const time of [1, 2]) t.equal((await app.inject({ url: '/', headers: bearer() })).statusCode, 200, `request ${time}`)
  t.match(log().filter(({ level }) => level > 30), [{ msg: 'The key store could not count a use', keyId: 'mine', err: { message: 'it cannot count' } }])
})

t.test('API_KEYS_USAGE is on or off, and a wrong value refuses to start', async t => {
  for (const API_KEYS_USAGE of ['true', '1', 'ON', 'yes']) {
    t.match(await rejection(harness(t).guard({ env: { API_KEYS: KEY, API_KEYS_USAGE } })), {
      code: 'FST_DBGPT_AUTH_ENVIRONMENT', message: 'Bad environment: API_KEYS_USAGE must be on or off'
    }, API_KEYS_USAGE)
  }
  t.match(await rejection(harness(t).guard({ env: { API_KEYS: KEY, API_KEYS_USAGE: 'on', API_AUTH: 'maybe' } })), {
    message: 'Bad environment: API_AUTH must be auto, on or off'
  })
})
