import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import cors from '@fastify/cors'
import t, { type Test } from 'tap'
import { type ApiKey, createApiKey, FileKeyStore } from '../../lib/index.ts'
import { bearer, harness, KEY, MARKER, OTHER_KEY, rejection } from '../support/app.ts'
import { runCommand } from '../support/cli.ts'
import { makePackageFolder, runShell, snippetsOf } from '../support/documentation.ts'
import { outcome, PAGE, testRows, type Trial } from '../support/migration.ts'
import { PostgresServer, skip } from '../support/postgres.ts'

/** Keys as LiteLLM makes them. */
const VIRTUAL = `sk-${MARKER}-4FgQ1xJ0a9bC`
const [BLOCKED, EXPIRING, MASTER] = [`${VIRTUAL}-b`, `${VIRTUAL}-e`, `${VIRTUAL}-m`]

/** The lines of a shell under a heading. */
async function linesUnder (heading: string): Promise<string> {
  const [snippet, ...others] = (await snippetsOf(PAGE, 'sh')).filter(each => each.heading === heading)
  t.same(others, [])
  return snippet?.code ?? ''
}

/** Runs lines of the page in a folder, and returns which keys are then in its file. */
async function keysBy (lines: string, folder: string, env: Record<string, string>): Promise<ApiKey[]> {
  const { stdout, stderr } = await runShell(lines, { cwd: folder, env })
  t.notMatch(stdout + stderr, MARKER)
  t.notMatch(stderr, /dbgpt-auth:|Error|ERROR/)
  return await new FileKeyStore(join(folder, 'keys.json')).list()
}

t.test('keys of DB-GPT move from the variable, and from its TOML', async t => {
  const folder = await makePackageFolder(t)
  await writeFile(join(folder, 'dbgpt.toml'), `[system]\nlanguage = "en"\napi_keys = [\n  "${OTHER_KEY}",\n  "${VIRTUAL}"\n]\n`)
  // Another python3 may be older.
  const lines = (await linesUnder('From DB-GPT\'s own check')).replace('python3', '/usr/bin/python3')
  const keys = await keysBy(lines, folder, { API_KEYS: ` ${KEY} ,,` })
  t.same(new Set(keys.map(({ digest }) => digest)), new Set([KEY, OTHER_KEY, VIRTUAL].map(key => createApiKey(key).digest)))
  const weak = await runCommand(['import', '--store', join(folder, 'weak.json')], { stdin: 'dbgpt' })
  t.match(weak, { code: 1, stderr: /--allow-weak takes such keys/ })
})

/** A database with the columns of LiteLLM's table of keys that the page names, as its Prisma schema has them. */
async function startLiteLLM (t: Test): Promise<Record<string, string>> {
  const server = await PostgresServer.start(t)
  await server.query(`CREATE TABLE "LiteLLM_VerificationToken" (
    token text PRIMARY KEY, key_name text, key_alias text, expires timestamp(3), blocked boolean, user_id text, team_id text,
    models text[], max_budget double precision, rpm_limit bigint)`)
  const rows = [[VIRTUAL, 'billing', null, null], [EXPIRING, null, '2030-01-02 03:04:05.678', false], [BLOCKED, 'old', null, true]] as const
  for (const [key = '', ...values] of rows) {
    await server.query(`INSERT INTO "LiteLLM_VerificationToken" VALUES
      ($1, 'sk-...aBcD', $2, $3, $4, 'ada', NULL, '{gpt-4}', 10, 100)`, [createApiKey(key).digest, ...values])
  }
  return server.env
}

let moved: ApiKey[] = []
t.test('keys of LiteLLM move from its database, with names and expiry, and the master key from its variable', { skip }, async t => {
  const env = await startLiteLLM(t)
  moved = await keysBy(await linesUnder('From LiteLLM'), await makePackageFolder(t), { ...env, LITELLM_MASTER_KEY: MASTER })
  t.same(new Set(moved.map(({ id }) => id)), new Set([VIRTUAL, EXPIRING, MASTER].map(key => createApiKey(key).id)))
})

function movedKey (text: string): ApiKey | undefined {
  return moved.find(({ id }) => id === createApiKey(text).id)
}

const production = { NODE_ENV: 'production' }

const sections: Readonly<Record<string, Readonly<Record<string, Trial>>>> = {
  'From LiteLLM': {
    'a virtual key, `sk-…`': async t => {
      const { digest } = createApiKey(VIRTUAL)
      t.equal(await outcome(t, { env: { ...production, API_KEYS: `sha256:${digest}` } }, bearer(VIRTUAL)), '200')
      t.equal(await outcome(t, { keys: moved.map(({ digest, expiresAt }) => ({ digest, expiresAt })) }, bearer(VIRTUAL)), '200')
    },
    '`key_alias`': async t => {
      t.equal(movedKey(VIRTUAL)?.name, 'billing')
      t.equal(movedKey(EXPIRING)?.name, undefined)
    },
    '`expires`': async t => {
      t.same(movedKey(EXPIRING)?.expiresAt, new Date('2030-01-02T03:04:05Z'))
      t.equal(movedKey(VIRTUAL)?.expiresAt, undefined)
    },
    '`blocked`': async t => { t.equal(movedKey(BLOCKED), undefined) },
    '`user_id`, `team_id`': async t => { t.same(movedKey(VIRTUAL)?.metadata, { user: 'ada', team: null }) },
    'the master key, which is in no database': async t => {
      t.equal(movedKey(MASTER)?.name, 'master')
      t.equal(await outcome(t, { env: { ...production, API_KEYS: 'sk-1234' } }), 'FST_DBGPT_AUTH_KEY_WEAK')
    },
    '`models`, `allowed_routes`': async t => { t.equal(movedKey(VIRTUAL)?.scopes, undefined) },
    '`max_budget`, `rpm_limit`, `tpm_limit`': async t => {
      t.same(Object.keys(movedKey(VIRTUAL)?.metadata ?? {}), ['user', 'team'])
    }
  },
  'From vLLM': {
    '`--api-key a b`, or `VLLM_API_KEY=a`': async t => {
      for (const key of [KEY, OTHER_KEY]) t.equal(await outcome(t, { env: { ...production, API_KEYS: `${KEY},${OTHER_KEY}` } }, bearer(key)), '200')
    },
    '`VLLM_API_KEY=a,b` is one key': async t => {
      const env = { API_KEYS: `${KEY},${OTHER_KEY}` }
      t.equal(await outcome(t, { env }), '200')
      t.equal(await outcome(t, { env }, bearer(env.API_KEYS)), '401')
      t.equal(await outcome(t, { keys: [env.API_KEYS] }), 'FST_DBGPT_AUTH_KEY_INVALID')
    },
    'no key: open': async t => {
      t.equal(await outcome(t, { env: production }), 'FST_DBGPT_AUTH_KEYS_REQUIRED')
      t.equal(await outcome(t, { env: { ...production, API_AUTH: 'off' } }), '200')
    },
    '`/health` and `/metrics` are open': async t => {
      const { app, guard } = harness(t)
      await guard()
      for (const url of ['/health', '/metrics']) app.get(url, { config: { apiKey: false } }, () => 'ok')
      for (const url of ['/health', '/metrics']) t.equal((await app.inject(url)).statusCode, 200, url)
    },
    '`OPTIONS` is not checked': async t => {
      const headers = { origin: 'https://ui.example.com', 'access-control-request-method': 'GET' }
      for (const [first, status] of [[true, 204], [false, 401]] as const) {
        const { app, guard } = harness(t)
        if (first) await app.register(cors)
        await guard()
        app.get('/', () => 'ok')
        t.equal((await app.inject({ method: 'OPTIONS', url: '/', headers })).statusCode, status, `${first}`)
      }
    },
    '`{"error":"Unauthorized"}`': async t => {
      const { app, guard } = harness(t)
      await guard({ errorFormat: () => ({ error: 'Unauthorized' }) })
      t.match(await app.inject('/'), { statusCode: 401, body: '{"error":"Unauthorized"}' })
    }
  }
}

testRows(t, sections, { 'From LiteLLM': skip })

t.test('a salted hash is told as a mistake, in a list and to the command', async t => {
  const hash = '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy'
  for (const text of [hash, `$argon2id$v=19$m=65536,t=3,p=4$${'c29tZXNhbHQ'}$RdescudvJCsgt3ub`]) {
    const error = await rejection(harness(t).guard({ env: { ...production, API_KEYS: text } }))
    t.match(error, { code: 'FST_DBGPT_AUTH_KEY_MISWRITTEN', message: /salted hash/ })
    t.match(await runCommand(['import', '--store', 'none.json'], { stdin: text }), { code: 1, stderr: /salted hash/ })
  }
})
