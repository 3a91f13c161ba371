import { createHash } from 'node:crypto'
import vm from 'node:vm'
import type { FastifyRequest } from 'fastify'
import fc from 'fast-check'
import t from 'tap'
import { buildCheck } from '../../lib/guard/check.ts'
import { type ApiKey, createApiKey, type GetKey, type KeyStore, MemoryKeyStore } from '../../lib/index.ts'
import { MALFORMED, MISSING, Rejection, UNKNOWN } from '../../lib/guard/rejection.ts'
import { bearer, harness, KEY, MARKER, OTHER_KEY, WRONG_KEY } from '../support/app.ts'
import { exchange, listen } from '../support/socket.ts'

const record = createApiKey(KEY)

function requestWith (authorization?: string): FastifyRequest {
  return { headers: authorization === undefined ? {} : { authorization } } as FastifyRequest
}

function storeOf (answer: unknown): KeyStore {
  return { find: () => answer as ApiKey }
}

const good = requestWith(`Bearer ${KEY}`)

t.test('a listed key is answered with its record, without a promise', async t => {
  const check = buildCheck(new MemoryKeyStore([record]), undefined)
  t.equal(check(requestWith(`Bearer ${WRONG_KEY}`)), UNKNOWN)
  t.equal(check(requestWith()), MISSING)
  t.equal(check(requestWith('Bearer')), MALFORMED)
  t.same(check(good), record)
})

t.test('for any header and any list of keys, accepted exactly if it is Bearer, spaces and a listed key', async () => {
  const key = fc.stringMatching(/^[!-+\--~]{1,40}$/).filter(text => !/^sha256:/i.test(text))
  const nearly = fc.tuple(
    fc.constantFrom('Bearer', 'bearer', 'BEARER', 'Basic', 'Bearerr'), fc.constantFrom('', ' ', '  ', '\t', '\u00a0'),
    fc.nat(), fc.constantFrom('', 'x', ' ', ',', '\u00a0')
  )
  fc.assert(fc.property(fc.uniqueArray(key, { maxLength: 20 }), nearly, fc.string({ unit: 'binary' }), fc.boolean(),
    (keys, [scheme, spaces, index, tail], noise, random) => {
      const header = random ? noise : `${scheme}${spaces}${keys[index % (keys.length || 1)] ?? 'x'}${tail}`
      const store = new MemoryKeyStore(keys.map(each => createApiKey(each)))
      const outcome = buildCheck(store, undefined)(requestWith(header))
      const listed = keys.find(each => header.slice(6).replace(/^ +/, '') === each)
      const expected = /^bearer +/i.test(header) && listed !== undefined
      return expected === !(outcome instanceof Rejection) &&
        (!expected || (outcome as ApiKey).digest === createHash('sha256').update(listed as string).digest('hex'))
    }), { numRuns: 3000 })
})

t.test('a key expires at its instant, by the wall clock', async t => {
  const expiresAt = new Date('2030-01-01T00:00:00Z')
  const check = buildCheck(new MemoryKeyStore([createApiKey({ key: KEY, expiresAt })]), undefined)
  let now = 0
  t.intercept(Date, 'now', { value: () => now })
  const outcomeAt = (time: number): unknown => {
    now = time
    return check(good)
  }
  t.match(outcomeAt(expiresAt.getTime() - 1), { digest: record.digest })
  t.match(outcomeAt(expiresAt.getTime()), { reason: 'expired', apiKey: { id: record.id } })
  t.match(outcomeAt(expiresAt.getTime() + 1e9), { reason: 'expired' })
  t.match(outcomeAt(expiresAt.getTime() - 1), { digest: record.digest }, 'a clock set back counts too')
})

t.test('a store\'s answer that is no record of the key is a failure of the store', async t => {
  const strange: readonly unknown[] = [
    true, false, 0, 1, '', record.digest, {}, [], Symbol('x'), () => record, createApiKey(OTHER_KEY),
    { ...record, digest: record.digest.toUpperCase() },
    { ...record, expiresAt: null }, { ...record, expiresAt: '2030-01-01T00:00:00Z' }, { ...record, expiresAt: 1e15 },
    { ...record, expiresAt: new Date(NaN) }, { ...record, expiresAt: { getTime: () => 1e15 } }
  ]
  for (const answer of strange) {
    t.match(buildCheck(storeOf(answer), undefined)(good), { reason: 'unavailable', apiKey: null })
    t.match(await buildCheck(storeOf(Promise.resolve(answer)), undefined)(good), { reason: 'unavailable' })
  }
})

t.test('a record that fails as it is read is a failure of the store', async t => {
  const lazy = { get digest () { throw new Error('down') } }
  for (const answer of [lazy, Promise.resolve(lazy)]) {
    t.match(await buildCheck(storeOf(answer), undefined)(good), { reason: 'unavailable', cause: { message: 'down' } })
  }
})

t.test('a store that knows nothing of a key says so in four ways', async t => {
  for (const answer of [null, undefined, Promise.resolve(null), Promise.resolve(undefined)]) {
    t.equal(await buildCheck(storeOf(answer), undefined)(good), UNKNOWN)
  }
})

t.test('a record may hold a Date of another realm', async t => {
  const expiresAt = vm.runInNewContext('new Date(1e15)')
  t.equal(expiresAt instanceof Date, false)
  t.match(buildCheck(storeOf({ ...record, expiresAt }), undefined)(good), { digest: record.digest })
})

t.test('a store that throws, rejects or is no real promise fails, whatever it throws', async t => {
  for (const cause of [new Error('down'), 'down', undefined, null]) {
    const throwing: KeyStore = { find () { throw cause } }
    const rejecting: KeyStore = { find: async () => { throw cause } }
    const thenable = storeOf({ then: (_: unknown, reject: (cause: unknown) => void) => { reject(cause) } })
    for (const store of [throwing, rejecting, thenable]) {
      const outcome = await buildCheck(store, undefined)(good)
      t.match(outcome, { reason: 'unavailable' })
      t.equal((outcome as Rejection).cause, cause)
    }
  }
})

t.test('getKey is asked first, and the header serves where it returns nothing', async t => {
  const store = new MemoryKeyStore([record])
  const cases: readonly (readonly [unknown, unknown])[] = [
    [KEY, record], [{ digest: record.digest }, record], [undefined, record], [null, record],
    [WRONG_KEY, UNKNOWN], [{ digest: createApiKey(OTHER_KEY).digest }, UNKNOWN], [record.digest, UNKNOWN],
    [`sha256:${record.digest}`, UNKNOWN],
    ['', MALFORMED], [' ', MALFORMED], [`${KEY} `, MALFORMED], [[KEY], MALFORMED], [[], MALFORMED], [7, MALFORMED],
    [false, MALFORMED], [{}, MALFORMED], [{ digest: record.id }, MALFORMED], [{ digest: [record.digest] }, MALFORMED],
    [{ digest: record.digest.toUpperCase() }, MALFORMED], [{ digest: undefined }, MALFORMED]
  ]
  for (const [given, expected] of cases) {
    t.same(buildCheck(store, (() => given) as GetKey)(good), expected, JSON.stringify(given)?.replaceAll(MARKER, '…'))
  }
})

t.test('a header\'s text is never taken for a digest', async t => {
  const check = buildCheck(new MemoryKeyStore([record]), undefined)
  for (const text of [record.digest, `sha256:${record.digest}`, record.id]) {
    t.equal(check(requestWith(`Bearer ${text}`)), UNKNOWN)
  }
})

t.test('what getKey throws is the app\'s own error, and a promise is one', async t => {
  const { app, guard } = harness(t)
  const answers: readonly (() => unknown)[] = [() => { throw new Error('no session') }, async () => KEY]
  const next = answers.values()
  await guard({ getKey: (() => next.next().value?.()) as GetKey })
  app.get('/', () => 'ok')
  t.match((await app.inject({ url: '/', headers: bearer() })).json(), { statusCode: 500, message: 'no session' })
  t.match((await app.inject({ url: '/', headers: bearer() })).json(), { statusCode: 500, code: 'FST_DBGPT_AUTH_GET_KEY' })
  t.equal((await app.inject({ url: '/', headers: bearer() })).body, 'ok')
})

// DB-GPT's answers to the same bytes, with test_token1 a key; 400 is Node's own, before any hook.
const wire: readonly (readonly [string, number])[] = [
  ['Authorization: Bearer test_token1', 200],
  ['Authorization: bearer test_token1', 200],
  ['Authorization: BEARER test_token1', 200],
  ['authorization:Bearer test_token1', 200],
  ['Authorization: Bearer test_token1   ', 200],
  ['Authorization: Bearer test_token1\t', 200],
  ['Authorization: \t Bearer test_token1', 200],
  ['Authorization: Bearer  test_token1', 200],
  ['Authorization: Bearer\ttest_token1', 401],
  ['Authorization: test_token1', 401],
  ['Authorization: Basic test_token1', 401],
  ['Authorization: Bearer', 401],
  ['Authorization: Bearer ', 401],
  ['Authorization:', 401],
  ['Authorization: Bearer "test_token1"', 401],
  ['Authorization: Bearer test_token1; x=1', 401],
  ['Authorization: Bearer test_token1,test_token2', 401],
  ['Authorization: Bearer TEST_TOKEN1', 401],
  ['Authorization: Bearer test_token', 401],
  ['Authorization: Bearer test_token11', 401],
  ['Authorization: Bearer test_token1\u00a0', 401],
  ['Authorization: Bearer \u00a0test_token1', 401],
  ['Authorization: \u00a0Bearer test_token1', 401],
  ['Authorization: Bearer test_\u00e9\u5bc6', 401],
  ['Authorization: Bearer __proto__', 401],
  ['Authorization: Bearer constructor', 401],
  ['Authorization: Bearer toString', 401],
  [`Authorization: Bearer ${'x'.repeat(8_000)}`, 401],
  ['Authorization: Bearer test_token1\0', 400],
  ['Authorization: Bearer test_\x01', 400],
  ['Authorization : Bearer test_token1', 400],
  ['X-API-Key: test_token1', 401],
  ['Proxy-Authorization: Bearer test_token1', 401],
  ['Authorization: Bearer test_token1\r\nAuthorization: Bearer wrong', 200],
  ['Authorization: Bearer wrong\r\nAuthorization: Bearer test_token1', 401]
]

t.test('the header is read off the wire as DB-GPT reads it', async t => {
  const { app, guard } = harness(t)
  await guard({ env: { API_KEYS: 'test_token1,test_token2' } })
  let runs = 0
  app.get('/', () => `run ${++runs}`)
  const port = await listen(app)
  for (const [header, status] of wire) {
    const before = runs
    const request = Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${header}\r\n\r\n`, 'utf8')
    t.equal(Number((await exchange(port, request)).slice(9, 12)), status, JSON.stringify(header).slice(0, 60))
    t.equal(runs - before, status === 200 ? 1 : 0)
  }
})
