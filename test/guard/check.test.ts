import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import vm from 'node:vm'
import fc from 'fast-check'
import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { buildCheck } from '../../lib/guard/check.ts'
import { buildReadCredentials } from '../../lib/guard/credentials.ts'
import { type ApiKey, createApiKey, type KeyStore, MemoryKeyStore } from '../../lib/index.ts'
import { Rejection, UNKNOWN } from '../../lib/guard/rejection.ts'
import { KEY, OTHER_KEY, WRONG_KEY } from '../support/app.ts'
import { shortenTimers } from '../support/clock.ts'
import { shown } from '../support/shown.ts'

const record = createApiKey(KEY)
const readCredentials = buildReadCredentials(undefined)

function storeOf (answer: unknown): KeyStore {
  return { find: () => answer as ApiKey }
}

t.test('a listed key is answered with its record, without a promise', async t => {
  const check = buildCheck(new MemoryKeyStore([record]))
  t.same(check(record.digest), record)
  t.equal(check(createApiKey(WRONG_KEY).digest), UNKNOWN)
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
      const digest = readCredentials({ headers: { authorization: header } } as FastifyRequest)
      const outcome = typeof digest === 'string' ? buildCheck(store)(digest) : digest
      const listed = keys.find(each => header.slice(6).replace(/^ +/, '') === each)
      const expected = /^bearer +/i.test(header) && listed !== undefined
      return expected === !(outcome instanceof Rejection) &&
        (!expected || (outcome as ApiKey).digest === createHash('sha256').update(listed as string).digest('hex'))
    }), { numRuns: 3000 })
})

t.test('a key expires at its instant, by the wall clock', async t => {
  const expiresAt = new Date('2030-01-01T00:00:00Z')
  const check = buildCheck(new MemoryKeyStore([createApiKey({ key: KEY, expiresAt })]))
  let now = 0
  t.intercept(Date, 'now', { value: () => now })
  const outcomeAt = (time: number): unknown => {
    now = time
    return check(record.digest)
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
    { ...record, id: undefined }, { ...record, id: null }, { ...record, id: '' }, { ...record, id: 7 }, { ...record, expiresAt: '2030-01-01T00:00:00Z' }, { ...record, expiresAt: 1e15 },
    { ...record, expiresAt: new Date(NaN) }, { ...record, expiresAt: { getTime: () => 1e15 } },
    { ...record, scopes: 'a' }, { ...record, scopes: 'a b' }, { ...record, scopes: ['a b'] }, { ...record, scopes: [7] }, { ...record, scopes: { a: 1 } },
    { ...record, scopes: new Set(['a']) }, { ...record, scopes: [null] }, { ...record, scopes: Array(51).fill('a') }, { ...record, scopes: false }
  ]
  for (const answer of strange) {
    t.match(buildCheck(storeOf(answer))(record.digest), { reason: 'unavailable', apiKey: null }, String(answer))
    t.match(await buildCheck(storeOf(Promise.resolve(answer)))(record.digest), { reason: 'unavailable' }, shown(answer))
  }
})

t.test('what is wrong with a store\'s answer is its error\'s cause', async t => {
  const cases = [
    [{ ...record, id: undefined }, /it has no id$/],
    [{}, /its digest is not the one/],
    [{ ...record, expiresAt: 1 }, /expiresAt/],
    [{ ...record, scopes: 'a' }, /its scopes are no array of scopes$/]
  ] as const
  for (const [answer, message] of cases) {
    const outcome = buildCheck(storeOf(answer))(record.digest) as Rejection
    t.match(outcome.error?.cause, { code: 'FST_DBGPT_AUTH_KEY_STORE_ANSWER', message }, shown(answer))
  }
})

t.test('null in a record\'s details is undefined', async t => {
  const row = { ...record, name: null, createdAt: null, expiresAt: null, metadata: null, scopes: null }
  for (const answer of [row, Promise.resolve(row)]) {
    t.strictSame(await buildCheck(storeOf(answer))(record.digest), record, shown(answer))
  }
})

t.test('one null among a record\'s details is undefined, too, and the others stay', async t => {
  const whole = createApiKey({ key: KEY, name: 'billing', createdAt: new Date(1e12), expiresAt: new Date(1e15), metadata: { a: 1 }, scopes: ['a'] })
  for (const detail of ['name', 'createdAt', 'expiresAt', 'metadata', 'scopes']) {
    const outcome = buildCheck(storeOf({ ...whole, [detail]: null }))(record.digest)
    t.strictSame(outcome, { ...whole, [detail]: undefined }, detail)
  }
})

t.test('a promise that does not settle in time is a failure of the store, and what comes later is nobody\'s', async t => {
  const timers = shortenTimers(t, 5000)
  let fail: (cause: Error) => void = () => {}
  for (const answer of [new Promise(() => {}), new Promise((_resolve, reject) => { fail = reject }), { then () {} }]) {
    const outcome = await buildCheck(storeOf(answer))(record.digest)
    const cause = { code: 'FST_DBGPT_AUTH_KEY_STORE_TIMEOUT', message: /within 5000 ms/ }
    t.match(outcome, { reason: 'unavailable', error: { cause } }, shown(answer))
  }
  fail(new Error('too late'))
  t.equal(timers(), 3)
  buildCheck(new MemoryKeyStore([record]))(record.digest)
  t.equal(timers(), 3, 'nothing is timed where the answer is there at once')
})

t.test('a record that fails as it is read is a failure of the store', async t => {
  const lazy = { get digest () { throw new Error('down') } }
  for (const answer of [lazy, Promise.resolve(lazy)]) {
    t.match(await buildCheck(storeOf(answer))(record.digest), { reason: 'unavailable', error: { cause: { message: 'down' } } }, shown(answer))
  }
})

t.test('a store that knows nothing of a key says so in four ways', async t => {
  for (const answer of [null, undefined, Promise.resolve(null), Promise.resolve(undefined)]) {
    t.equal(await buildCheck(storeOf(answer))(record.digest), UNKNOWN, shown(answer))
  }
})

t.test('a record may hold a Date of another realm', async t => {
  const expiresAt = vm.runInNewContext('new Date(1e15)')
  t.equal(expiresAt instanceof Date, false)
  t.match(buildCheck(storeOf({ ...record, expiresAt }))(record.digest), { digest: record.digest })
})

t.test('a store that throws, rejects or is no real promise fails, whatever it throws', async t => {
  for (const cause of [new Error('down'), 'down', undefined, null]) {
    const throwing: KeyStore = { find () { throw cause } }
    const rejecting: KeyStore = { find: async () => { throw cause } }
    const thenable = storeOf({ then: (_: unknown, reject: (cause: unknown) => void) => { reject(cause) } })
    for (const store of [throwing, rejecting, thenable]) {
      const outcome = await buildCheck(store)(record.digest)
      t.match(outcome, { reason: 'unavailable', error: { code: 'FST_DBGPT_AUTH_KEY_STORE_UNAVAILABLE' } }, shown(cause))
      const expected = cause instanceof Error ? cause : { message: inspect(cause) }
      t.match((outcome as Rejection).error?.cause, expected, shown(cause))
    }
  }
})
