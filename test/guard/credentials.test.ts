import fc from 'fast-check'
import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { buildReadCredentials } from '../../lib/guard/credentials.ts'
import { MALFORMED, MISSING } from '../../lib/guard/rejection.ts'
import { createApiKey, type GetKey } from '../../lib/index.ts'
import { digestOf } from '../../lib/keys/digest.ts'
import { bearer, harness, KEY, MARKER, OTHER_KEY } from '../support/app.ts'
import { exchange, listen } from '../support/socket.ts'
import { shown } from '../support/shown.ts'

const record = createApiKey(KEY)

function read (authorization?: string, getKey?: GetKey): unknown {
  return buildReadCredentials(getKey)({ headers: authorization === undefined ? {} : { authorization } } as FastifyRequest)
}

const LONGEST = 'x'.repeat(512)

const accepted: readonly (readonly [string, string])[] = [
  ['Bearer key', 'key'],
  ['bearer key', 'key'],
  ['BEARER key', 'key'],
  ['bEaReR key', 'key'],
  ['Bearer  key', 'key'],
  ['Bearer      key', 'key'],
  ['Bearer "key"', '"key"'],
  ['Bearer key;x=1', 'key;x=1'],
  ['Bearer k1,k2', 'k1,k2'],
  ['Bearer !~', '!~'],
  ['Bearer Bearer', 'Bearer'],
  [`Bearer ${LONGEST}`, LONGEST],
  [`Bearer   ${LONGEST}`, LONGEST]
]

const missing = [
  undefined, '', ' ', 'key', 'Basic dXNlcjpwYXNz', 'Bearerkey', 'Bearer-Token key', 'Bearer1 key', 'Token Bearer', ' Bearer key',
  '\tBearer key', '\u00a0Bearer key', 'Bear er', 'X'.repeat(8192), '__proto__', 'constructor'
]

const malformed = [
  'Bearer', 'bearer', 'Bearer ', 'Bearer    ', 'Bearer\tkey', 'Bearer \tkey', 'Bearer key\t', 'Bearer key ', 'Bearer a b',
  'Bearer key; x=1', 'Bearer key\u00a0', 'Bearer \u00a0key', 'Bearer\u00a0key', 'Bearer kéy', 'Bearer 密钥', 'Bearer k\0y',
  'Bearer k\x7fy', 'Bearer k\ny', 'Bearer key\n', 'Bearer,key', 'Bearer="key"', `Bearer ${LONGEST}x`,
  `Bearer ${'x'.repeat(8192)}`
]

t.test('a scheme, spaces and a token are credentials', async t => {
  for (const [value, token] of accepted) t.equal(read(value), digestOf(token), value.slice(0, 40))
})

t.test('no header or another scheme is no credentials', async t => {
  for (const value of missing) t.equal(read(value), MISSING, JSON.stringify(value)?.slice(0, 40))
})

t.test('Bearer without a well-formed token is malformed', async t => {
  for (const value of malformed) t.equal(read(value), MALFORMED, JSON.stringify(value).slice(0, 40))
})

t.test('for any text, the token is what a plain reading of the grammar says', async () => {
  const near = fc.tuple(
    fc.constantFrom('Bearer', 'bearer', 'BEARER', 'Basic', 'Bearers', ''),
    fc.stringMatching(/^[ \t\u00a0]{0,3}$/),
    fc.string({ unit: 'binary-ascii', maxLength: 600 }),
    fc.constantFrom('', ' ', '\t', '\u00a0', 'x'.repeat(505))
  ).map(parts => parts.join(''))
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), near), value => {
    const [scheme, ...rest] = value.split(' ')
    const token = rest.at(-1) ?? ''
    const good = scheme?.toLowerCase() === 'bearer' && rest.slice(0, -1).every(part => part === '') &&
      token.length >= 1 && token.length <= 512 && [...token].every(character => character >= '!' && character <= '~')
    const credentials = read(value)
    return good ? credentials === digestOf(token) : credentials === MISSING || credentials === MALFORMED
  }), { numRuns: 5000 })
})

t.test('a header\'s text is never taken for a digest', async t => {
  for (const text of [record.digest, `sha256:${record.digest}`, record.id]) t.equal(read(`Bearer ${text}`), digestOf(text), shown(text))
})

t.test('a token that came by another way is held to the same grammar', async t => {
  for (const [, token] of accepted) t.equal(read(undefined, () => token), digestOf(token), token.slice(0, 40))
  for (const value of [' ', ' key', 'key ', 'a b', 'k\ny', 'kéy', `${LONGEST}x`, [], ['key'], 7, true, false, {}]) {
    t.equal(read(`Bearer ${KEY}`, (() => value) as unknown as GetKey), MALFORMED, JSON.stringify(value).slice(0, 40))
  }
})

t.test('getKey is asked first, and the header serves where it returns nothing', async t => {
  const cases: readonly (readonly [unknown, unknown])[] = [
    [undefined, record.digest], [null, record.digest], ['', record.digest], [OTHER_KEY, digestOf(OTHER_KEY)],
    [{ digest: digestOf(OTHER_KEY) }, digestOf(OTHER_KEY)],
    [record.digest, digestOf(record.digest)], [`sha256:${record.digest}`, digestOf(`sha256:${record.digest}`)],
    [{ digest: record.id }, MALFORMED], [{ digest: [record.digest] }, MALFORMED],
    [{ digest: record.digest.toUpperCase() }, MALFORMED], [{ digest: undefined }, MALFORMED]
  ]
  for (const [given, expected] of cases) {
    t.equal(read(`Bearer ${KEY}`, (() => given) as GetKey), expected, JSON.stringify(given)?.replaceAll(MARKER, '…'))
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
    t.equal(runs - before, status === 200 ? 1 : 0, shown(header))
  }
})
