import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createApiKey, FileKeyStore, hashApiKey } from '../../../lib/index.ts'
import { serializeKeyFile } from '../../../lib/stores/file/key-file.ts'
import * as reading from '../../../lib/stores/file/read.ts'
import { bearer, harness, KEY, type LogLine, MARKER, OTHER_KEY, rejection } from '../../support/app.ts'
import { makeTemporaryFolder } from '../../support/files.ts'
import { until } from '../../support/until.ts'
import { testKeyStore } from '../contract.ts'
import { shown } from '../../support/shown.ts'

// The stores look at their files 25 times as often.
const { setInterval: setRealInterval } = globalThis
t.intercept(globalThis, 'setInterval', {
  value: (call: () => void, ms: number) => setRealInterval(call, ms / 25)
})

testKeyStore(t, async t => {
  const file = join(await makeTemporaryFolder(t), 'keys.json')
  await writeFile(file, '{"keys":[]}')
  const store = new FileKeyStore(file)
  await store.open()
  t.teardown(async () => await store.close())
  return store
})

const A = createApiKey({ key: KEY, name: 'billing' })
const B = createApiKey(OTHER_KEY)

async function makeFile (t: Test, text: string): Promise<string> {
  const file = join(await makeTemporaryFolder(t), 'keys')
  await writeFile(file, text)
  return file
}

/** Starts an app on a file of keys. */
async function serve (t: Test, file: string, variables: Record<string, string> = {}): Promise<{
  status: (key: string) => Promise<number>, log: () => LogLine[]
}> {
  const { app, guard, log } = harness(t)
  await guard({ env: { API_KEYS_FILE: file, ...variables } })
  app.get('/', () => 'ok')
  return { log, status: async key => (await app.inject({ url: '/', headers: bearer(key) })).statusCode }
}

t.test('API_KEYS_FILE names a file of either form', async t => {
  for (const text of [`${KEY}\n`, `\ufeff${KEY}\r\n`, ` # keys\n${hashApiKey(KEY)}`, serializeKeyFile([A])]) {
    const { status } = await serve(t, await makeFile(t, text), { NODE_ENV: 'production' })
    t.equal(await status(KEY), 200, text)
    t.equal(await status(OTHER_KEY), 401, text)
  }
})

t.test('a changed file is in force soon, whole', async t => {
  const file = await makeFile(t, serializeKeyFile([A]))
  const { status, log } = await serve(t, file)
  await writeFile(`${file}.new`, serializeKeyFile([B]))
  await rename(`${file}.new`, file)
  await until(async () => await status(OTHER_KEY) === 200)
  t.equal(await status(KEY), 401)
  t.match(log().filter(({ msg }) => msg === 'API keys reloaded'), [{ level: 30, keys: 1 }])
})

t.test('an empty JSON list refuses everything', async t => {
  const file = await makeFile(t, serializeKeyFile([A]))
  const { status } = await serve(t, file)
  await writeFile(file, '{"keys":[]}')
  await until(async () => await status(KEY) === 401)
  t.equal(await status(KEY), 401)
})

t.test('a file that turns bad keeps the last good keys, and says so once; so it does when it is good again', async t => {
  const bad: Readonly<Record<string, (file: string) => Promise<void>>> = {
    FST_DBGPT_AUTH_KEY_FILE_INVALID: async file => await writeFile(file, `{"keys":[\n${MARKER}]}`),
    FST_DBGPT_AUTH_KEY_INVALID: async file => await writeFile(file, `${KEY}\n${MARKER} b`),
    FST_DBGPT_AUTH_KEYS_EMPTY: async file => await writeFile(file, ''),
    FST_DBGPT_AUTH_KEY_FILE_UNREADABLE: async file => await rm(file)
  }
  for (const [code, spoil] of Object.entries(bad)) {
    const file = await makeFile(t, serializeKeyFile([A]))
    const { status, log } = await serve(t, file)
    const errors = (): LogLine[] => log().filter(({ level }) => level === 50)
    await spoil(file)
    await until(() => errors().length > 0)
    t.match(errors(), [{ err: { code, message: new RegExp(file) }, msg: /^The key file is not good/ }], code)
    t.equal(await status(KEY), 200, `${code}: the last good keys`)
    // In one step: a file that is being written is not good either.
    await writeFile(`${file}.good`, serializeKeyFile([A]))
    await rename(`${file}.good`, file)
    await until(() => log().some(({ msg }) => msg === 'The key file is good again'))
    t.equal(await status(KEY), 200, `${code}: good again`)
    t.equal(errors().length, 1, `${code}: said once`)
  }
})

t.test('a store tells whether it is open, and whether its file is good', async t => {
  const file = await makeFile(t, serializeKeyFile([A]))
  const store = new FileKeyStore(file)
  const isUp = (): boolean => store.status().up
  t.same(store.status(), { up: false, ageMs: Infinity }, 'not open')
  await store.open()
  t.ok(isUp())
  await writeFile(file, MARKER + ' b')
  await until(() => !isUp())
  t.same(store.find(A.digest), A, 'the last good keys')
  await writeFile(file, serializeKeyFile([A]))
  await until(isUp)
  await store.close()
  t.same(store.status(), { up: false, ageMs: Infinity })
})

t.test('a fault is logged once, however often the file is looked at, and another fault once more', async t => {
  const file = await makeFile(t, serializeKeyFile([A]))
  const { log } = await serve(t, file)
  const errors = (): string[] =>
    log().filter(({ level }) => level === 50).map(({ err }) => (err as { message: string }).message)
  await writeFile(file, '{"keys":[\n{]}')
  await until(() => errors().length === 1)
  // Not written in place: what is empty for a moment is a fault of its own.
  await writeFile(`${file}.new`, '{"keys":[\n{ ]}')
  await rename(`${file}.new`, file)
  await rm(file)
  await until(() => errors().length === 2)
  t.match(errors(), [/^Line 2 of/, /cannot be read: there is no such file/])
})

t.test('at start-up, a bad file is an error that names it', async t => {
  const faults: readonly (readonly [string | undefined, object])[] = [
    [undefined, { code: 'FST_DBGPT_AUTH_KEY_FILE_UNREADABLE', message: /ENOENT/ }],
    ['', { code: 'FST_DBGPT_AUTH_KEYS_EMPTY' }],
    ['{', { code: 'FST_DBGPT_AUTH_KEY_FILE_INVALID', message: /Line 1 of/ }],
    [`${KEY}\0`, { code: 'FST_DBGPT_AUTH_KEY_FILE_INVALID', message: /: it holds a NUL: save it as text in UTF-8/ }],
    [`${KEY}\n${MARKER} b`, { code: 'FST_DBGPT_AUTH_KEY_INVALID', message: /Line 2 of/ }]
  ]
  for (const [text, expected] of faults) {
    const file = await makeFile(t, text ?? '')
    if (text === undefined) await rm(file)
    const { guard } = harness(t)
    const error = await rejection(guard({ env: { API_KEYS_FILE: file } }))
    t.match(error, expected, `${text}`)
    t.match(error.message, file, 'the file')
    t.notMatch(error.message, MARKER, 'no word of it')
  }
})

t.test('weak keys of a plain list refuse to start in production, and warn elsewhere', async t => {
  const file = await makeFile(t, `${KEY}\n${MARKER}`)
  const { guard } = harness(t)
  t.match(await rejection(guard({ env: { API_KEYS_FILE: file, NODE_ENV: 'production' } })), {
    code: 'FST_DBGPT_AUTH_KEY_WEAK', message: /^Line 2 of .*keys is shorter than 20/
  })
  const { log } = await serve(t, file)
  t.match(log().filter(({ level }) => level === 40), [{ msg: /^Weak API keys.*Line 2 of/ }])
  const allowed = harness(t)
  await allowed.guard({ env: { API_KEYS_FILE: file, NODE_ENV: 'production' }, allowWeakKeys: true })
  t.same(allowed.log().filter(({ level }) => level >= 40), [])
})

t.test('a file in production that holds what is most likely miswritten refuses to start, and warns elsewhere', async t => {
  const file = await makeFile(t, `["${KEY}",\n"${OTHER_KEY}"]\n`)
  const { guard } = harness(t)
  t.match(await rejection(guard({ env: { API_KEYS_FILE: file, NODE_ENV: 'production' } })), {
    code: 'FST_DBGPT_AUTH_KEY_MISWRITTEN', message: /^The list in .*keys is in brackets: give the keys alone/
  })
  const { log, status } = await serve(t, file)
  const warnings = log().filter(({ level }) => level === 40)
  t.match(warnings, [{ msg: /^API keys that look miswritten, taken as they stand: The list/ }])
  t.equal(await status(KEY), 401)
  t.equal(await status(`"${OTHER_KEY}"]`), 200, 'as it stands')
})

t.test('a weak key that comes later, in production, keeps the last good keys', async t => {
  const file = await makeFile(t, KEY)
  const { status, log } = await serve(t, file, { NODE_ENV: 'production' })
  await writeFile(file, `${KEY},${MARKER}`)
  await until(() => log().some(({ level }) => level === 50))
  t.equal(await status(MARKER), 401)
  t.equal(await status(KEY), 200)
})

t.test('what one process changes is in force there at once, and in another soon', async t => {
  const file = await makeFile(t, serializeKeyFile([A]))
  const [here, there] = [new FileKeyStore(file), new FileKeyStore(file)]
  for (const store of [here, there]) {
    await store.open()
    t.teardown(async () => await store.close())
  }
  await here.add(B)
  t.same(here.find(B.digest), B)
  await until(() => there.find(B.digest) !== undefined)
  await there.revoke(B.id)
  t.equal(there.find(B.digest), undefined)
  await until(() => here.find(B.digest) === undefined)
  t.same(await here.list(), [A])
})

t.test('writers in one process and in many stores lose nothing', async t => {
  const file = await makeFile(t, serializeKeyFile([]))
  const stores = Array.from({ length: 4 }, () => new FileKeyStore(file))
  const records = Array.from({ length: 20 }, (_, index) => createApiKey(`${KEY}${index}`))
  await Promise.all(records.map(async (record, index) => await stores[index % 4]?.add(record)))
  t.same(new Set((await new FileKeyStore(file).list()).map(({ id }) => id)), new Set(records.map(({ id }) => id)))
})

t.test('a store that is not open reads the file whenever it is asked to list', async t => {
  const file = await makeFile(t, serializeKeyFile([A]))
  const store = new FileKeyStore(file)
  t.same(await store.list(), [A])
  await writeFile(file, serializeKeyFile([B]))
  t.same(await store.list(), [B])
  await store.close()
})

t.test('a reading that began before a change does not undo it', async t => {
  const file = await makeFile(t, serializeKeyFile([A]))
  let open = (): void => {}
  const gate = new Promise<void>(resolve => { open = resolve })
  let readings = 0
  const { FileKeyStore: SlowStore } = await t.mockImport<typeof import('../../../lib/stores/file/store.ts')>('../../../lib/stores/file/store.ts', {
    '../../../lib/stores/file/read.ts': {
      ...reading,
      // The first text arrives late.
      async readKeyFile (file: string) {
        const first = ++readings === 1
        const read = await reading.readKeyFile(file)
        if (first) await gate
        return read
      }
    }
  })
  const store = new SlowStore(file)
  const listing = store.list()
  await until(() => readings === 1)
  await store.add(B)
  open()
  t.same((await listing).map(({ id }) => id), [A.id, B.id])
  t.ok(store.find(B.digest))
})

t.test('an open store writes nothing in place of a file that is gone or blank', async t => {
  for (const spoil of [async (file: string) => await rm(file), async (file: string) => await writeFile(file, '\n')]) {
    const file = await makeFile(t, serializeKeyFile([A]))
    const store = new FileKeyStore(file)
    await store.open()
    t.teardown(async () => await store.close())
    await spoil(file)
    t.match(await rejection(store.add(B)), { code: /FST_DBGPT_AUTH_KEY(S_EMPTY|_FILE_UNREADABLE)/ }, shown(spoil))
    t.ok(store.find(A.digest), shown(spoil))
  }
})

t.test('addAll adds what is not there, and counts it', async t => {
  const store = new FileKeyStore(await makeFile(t, serializeKeyFile([A])))
  t.equal(await store.addAll([A, B]), 1)
  t.equal(await store.addAll([A, B]), 0)
  t.same(await store.list(), [A, B])
})

t.test('a plain list is not written to', async t => {
  const file = await makeFile(t, KEY)
  const store = new FileKeyStore(file)
  await store.open()
  t.teardown(async () => await store.close())
  const writes = [
    async () => await store.add(B), async () => await store.revoke(A.id), async () => await store.expire(A.id, new Date())
  ]
  for (const write of writes) {
    t.match(await rejection(write()), { code: 'FST_DBGPT_AUTH_KEY_FILE_PLAIN', message: /dbgpt-auth import/ }, shown(write))
  }
  t.equal(await readFile(file, 'utf8'), KEY)
  await chmod(file, 0o600)
})
