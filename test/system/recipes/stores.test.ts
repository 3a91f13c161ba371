import { execFileSync } from 'node:child_process'
import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import { bearer, BODY_401, BODY_503, challenge, KEY, MARKER, OTHER_KEY, WRONG_KEY } from '../../support/app.ts'
import { pickerOf, type Snippet, snippetsOf } from '../../support/documentation.ts'
import { makeTemporaryFolder } from '../../support/files.ts'
import { otherNode } from '../../support/node.ts'
import { PostgresServer, skip } from '../../support/postgres.ts'
import { type Ask, startRecipe } from '../../support/recipe.ts'
import { until } from '../../support/until.ts'

t.jobs = 2
const PAGE = 'docs/recipes-stores.md'
const snippet = await pickerOf(PAGE)
const BILLING = createApiKey(KEY)
/** A key that is in every table, and has run out. */
const EXPIRED = `dbgpt_${MARKER}_expired_0123456789ab`
/** What a thief of the table would have, and what would be SQL if it were put into a query. */
const NO_KEYS = [WRONG_KEY, BILLING.digest, `sha256:${BILLING.digest}`, '\'OR(1=1)--', '%', `${KEY}'`]

/** What each of the programs refuses, whatever knows the keys. */
async function tryRefusals (t: Test, ask: Ask): Promise<void> {
  t.equal(await ask.say('/'), `401 ${BODY_401}`)
  t.equal(await ask.say('/unknown'), `401 ${BODY_401}`)
  t.match(await ask.say('/unknown', KEY), /^404 /)
  for (const key of NO_KEYS) t.equal(await ask.say('/', key), `401 ${BODY_401}`, key.replaceAll(MARKER, '…'))
  t.equal((await ask('/', { method: 'HEAD' })).status, 401)
  t.equal((await ask('/', { method: 'HEAD', headers: bearer() })).status, 200)
}

/** What is to be seen of a table that can be away for a while. */
async function tryOutage (
  t: Test, ask: Ask, fail: () => Promise<void>, repair: () => Promise<void>, keys = [KEY, WRONG_KEY, EXPIRED]
): Promise<void> {
  await fail()
  for (const key of keys) t.equal(await ask.say('/', key), `503 ${BODY_503}`, key.replaceAll(MARKER, '…'))
  t.equal(await ask.say('/'), `401 ${BODY_401}`, 'without a key nobody is asked')
  await repair()
  t.equal(await ask.say('/', KEY), '200 Hello billing')
  t.equal(await ask.say('/', WRONG_KEY), `401 ${BODY_401}`)
}

t.test('keys in PostgreSQL', { skip, buffered: true }, async t => {
  const server = await PostgresServer.start(t)
  await server.query(snippet('Keys in PostgreSQL', 'sql').code)
  await server.query('CREATE ROLE service LOGIN; GRANT SELECT ON api_keys TO service')
  const insert = async (key: string, columns: Record<string, unknown>): Promise<void> => {
    const names = ['digest', ...Object.keys(columns)]
    const places = names.map((_name, index) => `$${index + 1}`)
    await server.query(`INSERT INTO api_keys (${names.join()}) VALUES (${places.join()})`, [createApiKey(key).digest, ...Object.values(columns)])
  }
  await insert(KEY, { name: 'billing' })
  await insert(EXPIRED, { expires_at: new Date() })
  const env = { ...server.env, PGUSER: 'service', PGPASSWORD: 'a secret' }

  await t.test('the table takes nothing that could not be read', async t => {
    for (const column of [{ expires_at: 'infinity' }, { metadata: '[]' }, { digest: 'x' }]) {
      const [name, value] = Object.entries(column)[0] as [string, string]
      await t.rejects(server.query(`UPDATE api_keys SET ${name} = $1`, [value]), { code: '23514' }, name)
    }
  })

  await t.test('a program that may only read guards, sees each change at once, and outlives a restart', async t => {
    const ask = await startRecipe(t, snippet('Keys in PostgreSQL'), env)
    await tryRefusals(t, ask)
    t.equal(await ask.say('/', KEY), '200 Hello billing')
    t.equal(await ask.say('/', EXPIRED), `401 ${BODY_401}`)
    const remove = async (key: string): Promise<number> => (await ask('/', { method: 'DELETE', headers: bearer(key) })).status
    t.equal(await remove(KEY), 200, 'scopes null: everything')
    for (const [scopes, status] of [[[], 403], [['other'], 403], [['other', 'admin'], 200]] as const) {
      await server.query('UPDATE api_keys SET scopes = $1 WHERE name = \'billing\'', [scopes])
      t.equal(await remove(KEY), status, scopes.join())
    }
    await insert(OTHER_KEY, { name: 'other', expires_at: new Date('2100-01-01'), metadata: { plan: 'gold' } })
    t.equal(await ask.say('/', OTHER_KEY), '200 Hello other')
    await server.query('DELETE FROM api_keys WHERE name = \'other\'')
    t.equal(await ask.say('/', OTHER_KEY), `401 ${BODY_401}`)

    const flood = async (key: (index: number) => string): Promise<string[]> =>
      await Promise.all(Array.from({ length: 150 }, async (_, index) => await ask.say('/', key(index))))
    const [good, bad] = await Promise.all([flood(() => KEY), flood(index => `${WRONG_KEY}${index}`)])
    // A machine that is busy enough lets some wait for too long: that is a 503, and nothing else.
    t.same(good.filter(answer => ![`503 ${BODY_503}`, '200 Hello billing'].includes(answer)), [])
    t.same(bad.filter(answer => ![`503 ${BODY_503}`, `401 ${BODY_401}`].includes(answer)), [])
    const [{ count } = { count: 0 }] = await server.query('SELECT count(*)::int FROM pg_stat_activity WHERE usename = \'service\'')
    t.ok(Number(count) >= 1 && Number(count) <= 10, `${String(count)} connections`)

    await tryOutage(t, ask, async () => await server.stop(), async () => await server.run())
    t.match(await ask.says(/"level":40.*a connection to PostgreSQL is lost/), /lost/)
    await tryOutage(t, ask, async () => { await server.query('ALTER TABLE api_keys RENAME TO gone') },
      async () => { await server.query('ALTER TABLE gone RENAME TO api_keys') })
  })

  await t.test('uses are counted, also those of a time without PostgreSQL', async t => {
    await server.query(snippet('Uses counted in PostgreSQL', 'sql').code)
    await server.query('GRANT UPDATE ON api_keys TO service')
    const [uses, counter] = (await snippetsOf(PAGE, 'js')).filter(({ heading }) => heading === 'Uses counted in PostgreSQL') as [Snippet, Snippet]
    const ask = await startRecipe(t, { ...uses, files: { 'uses.mjs': counter.code } }, env)
    await tryRefusals(t, ask)
    t.equal(await ask.say('/', EXPIRED), `401 ${BODY_401}`)
    const usesOf = async (name: string): Promise<unknown> => (await server.query('SELECT uses, last_used_at FROM api_keys WHERE name = $1', [name]))[0]
    // Two of them were let in by tryRefusals: HEAD, and the unknown URL.
    for (let count = 0; count < 5; count++) t.equal(await ask.say('/', KEY), '200 Hello billing', `${count}`)
    await until(async () => (await usesOf('billing') as { uses: string }).uses === '7')
    t.match(await usesOf('billing'), { last_used_at: Date })
    await server.query('REVOKE UPDATE ON api_keys FROM service')
    for (let count = 0; count < 3; count++) t.equal(await ask.say('/', KEY), '200 Hello billing', `${count}`)
    await ask.says(/uses of API keys are not written yet/)
    await server.query('GRANT UPDATE ON api_keys TO service')
    await until(async () => (await usesOf('billing') as { uses: string }).uses === '10')
    t.match((await server.query('SELECT uses FROM api_keys WHERE name IS NULL')), [{ uses: '0' }], 'a refused key has no use')
  })
})

t.test('keys in SQLite', { buffered: true }, async t => {
  const node = otherNode(22)
  const KEYS_DATABASE = join(await makeTemporaryFolder(t), 'keys.db')
  const ask = await startRecipe(t, { ...snippet('Keys in SQLite'), node }, { KEYS_DATABASE })
  /** As another process would, such as a page for administrators. */
  const run = async (...statements: readonly string[]): Promise<void> => {
    const script = `const { DatabaseSync } = require('node:sqlite')
      const database = new DatabaseSync(process.argv[1])
      for (const statement of process.argv.slice(2)) database.exec(statement)`
    execFileSync('env', ['-i', node, '--no-warnings', '-e', script, KEYS_DATABASE, ...statements], { stdio: 'pipe' })
  }
  const insert = (key: string, values: string): string => `INSERT INTO api_keys VALUES ('${createApiKey(key).digest}', ${values})`
  await run(insert(KEY, '\'billing\', NULL, NULL, NULL'), insert(EXPIRED, '\'old\', unixepoch(\'now\') * 1000, NULL, NULL'),
    insert(OTHER_KEY, 'NULL, unixepoch(\'now\', \'+90 days\') * 1000, \'["admin"]\', \'{"plan":"gold"}\''))
  await tryRefusals(t, ask)
  for (const [key, answer] of [[KEY, '200 Hello billing'], [OTHER_KEY, '200 Hello undefined'], [EXPIRED, `401 ${BODY_401}`]] as const) {
    t.equal(await ask.say('/', key), answer)
  }
  await t.rejects(run('UPDATE api_keys SET expires_at = datetime(\'now\')'), /cannot store TEXT value in INTEGER column/)
  const remove = async (): Promise<number> => (await ask('/', { method: 'DELETE', headers: bearer() })).status
  for (const [scopes, status] of [['NULL', 200], ['\'[]\'', 403], ['\'["admin"]\'', 200], ['\'admin\'', 503], ['\'"admin"\'', 503]] as const) {
    await run(`UPDATE api_keys SET scopes = ${scopes} WHERE name = 'billing'`)
    t.equal(await remove(), status, scopes)
  }
  await run('UPDATE api_keys SET scopes = NULL', 'DELETE FROM api_keys WHERE name IS NULL')
  t.equal(await ask.say('/', OTHER_KEY), `401 ${BODY_401}`, 'revoked')
  await tryOutage(t, ask, async () => await run('ALTER TABLE api_keys RENAME TO gone'), async () => await run('ALTER TABLE gone RENAME TO api_keys'))
})

t.test('keys of a slow service, with a cache', { buffered: true }, async t => {
  const known = new Map<string, object>([[BILLING.digest, { name: 'billing', scopes: null, expiresAt: null }]])
  const asked: (string | undefined)[] = []
  let fails = false
  const service = createServer((request, response) => {
    const digest = request.url?.slice(1)
    asked.push(digest)
    const record = known.get(digest as string)
    response.statusCode = fails ? 500 : record === undefined ? 404 : 200
    response.end(JSON.stringify(record))
  }).listen(0, '127.0.0.1')
  await once(service, 'listening')
  t.teardown(() => {
    service.close()
    service.closeAllConnections()
  })
  const KEY_SERVICE = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
  const { code, language } = snippet('Keys of a slow service, with a cache')
  const route = "app.delete('/', { config: { apiKey: { scopes: ['admin'] } } }, () => 'deleted')\n"
  const ask = await startRecipe(t, { language, code: code.replace('await app.listen', `${route}await app.listen`) }, { KEY_SERVICE })
  const timesOf = (key: string): number => asked.filter(digest => digest === createApiKey(key).digest).length

  t.same(new Set(await Promise.all(Array.from({ length: 50 }, async () => await ask.say('/', KEY)))), new Set(['200 Hello billing']))
  t.equal(timesOf(KEY), 1, 'who comes at once asks once')
  await tryRefusals(t, ask)
  const before = asked.length
  const flood = new Set<string>()
  // One after the other: on a busy machine, many at once would wait for too long.
  for (let count = 0; count < 100; count++) flood.add(await ask.say('/', `${WRONG_KEY}${count % 10}`))
  t.same(flood, new Set([`401 ${BODY_401}`]))
  t.equal(asked.length - before, 100, 'that a key is unknown is not kept')
  t.equal(await ask.say('/', OTHER_KEY), `401 ${BODY_401}`)
  known.set(createApiKey(OTHER_KEY).digest, { name: 'other', expiresAt: '2100-01-01T00:00:00Z' })
  t.equal(await ask.say('/', OTHER_KEY), '200 Hello other', 'a new key works at once')
  known.set(createApiKey(EXPIRED).digest, { name: 'old', expiresAt: '2020-01-01T00:00:00Z' })
  t.equal(await ask.say('/', EXPIRED), `401 ${BODY_401}`)

  const third = `${OTHER_KEY}3`
  known.set(createApiKey(third).digest, { name: 'third', scopes: [] })
  for (const [key, status] of [[KEY, 200], [third, 403]] as const) {
    t.equal((await ask('/', { method: 'DELETE', headers: bearer(key) })).status, status, 'what it may do is handed on')
  }

  known.delete(BILLING.digest)
  const times = timesOf(KEY)
  const answers = new Set<string>()
  await until(async () => {
    const answer = await ask.say('/', KEY)
    answers.add(answer)
    return answer !== '200 Hello billing'
  })
  t.ok(answers.delete(`401 ${BODY_401}`), [...answers].join())
  t.equal(timesOf(KEY), times + 1, 'the service was not asked before the time was over')
  known.set(BILLING.digest, { name: 'billing', expiresAt: null })
  await tryOutage(t, ask, async () => { fails = true }, async () => { fails = false }, [KEY, WRONG_KEY])
  t.ok(asked.every(digest => /^[0-9a-f]{64}$/.test(digest ?? '')), 'the service is sent digests alone')
})

t.test('keys that were hashed otherwise', { buffered: true }, async t => {
  const oldKey = `old_${MARKER}_0123456789abcdef`
  const hmac = createHmac('sha256', 'a pepper').update(oldKey).digest('hex')
  const ask = await startRecipe(t, snippet('Keys that were hashed otherwise'), { KEY_PEPPER: 'a pepper', API_KEYS: `sha256:${hmac},${KEY}` })
  await tryRefusals(t, ask)
  for (const scheme of ['Bearer', 'bearer', 'BEARER ']) {
    t.match(await ask('/', { headers: { authorization: `${scheme} ${oldKey}` } }), { status: 200, body: `Hello ${hmac.slice(0, 16)}` }, scheme)
  }
  t.equal(await ask.say('/', KEY), `200 Hello ${BILLING.id}`)
  for (const key of [hmac, `sha256:${hmac}`, `${oldKey}x`, oldKey.toUpperCase(), `dbgpt_${oldKey}`]) {
    t.equal(await ask.say('/', key), `401 ${BODY_401}`, key.replaceAll(MARKER, '…'))
  }
  for (const authorization of [`Bearer ${'x'.repeat(513)}`, 'Bearer', `Bearer ${oldKey} x`]) {
    const { status, headers } = await ask('/', { headers: { authorization } })
    t.match({ status, headers }, { status: 401, headers: { 'www-authenticate': challenge('The API key is malformed') } }, authorization.slice(0, 8))
  }
  t.equal((await ask('/', { headers: { authorization: `Basic ${oldKey}` } })).status, 401)

  await t.test('the same goes for a salt before the key, as a comment says', async t => {
    const { code, language } = snippet('Keys that were hashed otherwise')
    const [, salted = ''] = /^\/\/.*: (createHash.*)$/m.exec(code) ?? []
    const changed = code.replaceAll('createHmac }', 'createHash }').replace(/createHmac\(.*$/m, salted).replaceAll('PEPPER', 'SALT')
    const digest = createHash('sha256').update(`salt${oldKey}`).digest('hex')
    const ask = await startRecipe(t, { language, code: changed }, { KEY_SALT: 'salt', API_KEYS: `sha256:${digest}` })
    t.equal(await ask.say('/', oldKey), `200 Hello ${digest.slice(0, 16)}`)
    t.equal(await ask.say('/', `salt${oldKey}`), `401 ${BODY_401}`)
  })
})
