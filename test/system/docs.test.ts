import { randomBytes } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { createApiKey, FileKeyStore } from '../../lib/index.ts'
import { weaknessOf } from '../../lib/keys/weak-key.ts'
import { serializeKeyFile } from '../../lib/stores/file/key-file.ts'
import { bearer, BODY_401, harness, KEY } from '../support/app.ts'
import { keyIn } from '../support/cli.ts'
import { askProgram, makePackageFolder, pageOf, runShell, snippetsOf } from '../support/documentation.ts'
import { chineseOf } from '../support/languages.ts'
import { resolve, type Variables } from '../support/settings.ts'
import { until } from '../support/until.ts'

/** What is told apart about the programs, by heading: which key to ask with, and what a good one gets. */
const probes: Readonly<Record<string, { readonly key?: string, readonly status?: number, readonly more?: string }>> = {
  'fastify-dbgpt-auth': { status: 200 },
  'Keys in code': { key: 'hello' },
  Scopes: {
    key: 'hello',
    more: `for (const [key, method, expected] of [['world', 'GET', 200], ['world', 'POST', 403], ['hello', 'GET', 200], ['hello', 'POST', 200]]) {
      const { statusCode, body } = await app.inject({ method, url: '/flows', headers: { authorization: 'Bearer ' + key } })
      if (statusCode !== expected) throw new Error(\`\${key} \${method} \${statusCode} \${body}\`)
    }`
  },
  'A key store of one\'s own': { key: KEY, more: `table.set('${createApiKey(KEY).digest}', { name: 'x' })` }
}

const pages = (await readdir('docs', { recursive: true })).filter(name => name.endsWith('.md')).map(name => `docs/${name}`).sort()
// What needs a Redis has a test of its own, and so have the recipes, CommonJS, and DB-GPT.
const apart = ['docs/scaling.md', 'docs/recipes.md', 'docs/recipes-stores.md', 'docs/typescript.md', 'docs/dbgpt-401.md']
const run = new Set<string>()
for (const file of ['README.md', ...pages, 'README.zh-CN.md'].filter(name => !apart.some(page => name === page || name === chineseOf(page)))) {
  for (const { heading, code } of await snippetsOf(file, 'js')) {
    // In Chinese only comments are others, which another test holds: the same program runs once.
    if (run.has(code)) continue
    run.add(code)
    t.test(`the program of ${file} under "${heading}" runs, and guards`, async t => {
      const folder = await makePackageFolder(t)
      await writeFile(join(folder, 'keys.json'), serializeKeyFile([createApiKey(KEY)]))
      const { key = KEY, status = 404, more = '' } = probes[heading] ?? {}
      t.same(await askProgram(code, folder, { key, more, env: { API_KEYS: KEY } }), [status, 401])
    })
  }
}

t.test('the lines of docs/configuration.md start the program of the README as they say', async t => {
  const folder = await makePackageFolder(t)
  const [program] = await snippetsOf('README.md', 'js')
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await mkdir(join(folder, 'node_modules'))
  await writeFile(join(folder, 'server.js'), program?.code
    .replace('port: 3000', 'port: 0').replace('\'fastify-dbgpt-auth\'', '\'../../dist/index.js\'') +
    '\nconsole.log(\'status\', (await fetch(app.listeningOrigin)).status)\nawait app.close()\n')
  const [lines] = await snippetsOf('docs/configuration.md', 'sh')
  const expected = { open: 'status 200', guarded: 'status 401', 'does not start': 'FST_DBGPT_AUTH_KEY' }
  let checked = 0
  for (const line of lines?.code.trim().split('\n') ?? []) {
    const { stdout, stderr } = await runShell(line, { cwd: folder })
    const [, sign] = Object.entries(expected).find(([word]) => line.includes(`# ${word}`)) ?? []
    t.match(stdout + stderr, sign as string, line)
    checked++
  }
  t.equal(checked, 5)
})

t.test('the line of docs/configuration.md makes the digest of a key', async t => {
  const line = (await snippetsOf('docs/configuration.md', 'sh')).find(({ code }) => code.includes('sha256sum'))
  const { stdout } = await runShell(line?.code ?? '', { env: { KEY } })
  t.equal(stdout, `sha256:${createApiKey(KEY).digest}\n`)
})

t.test('the five commands of docs/key-management.md lead from API_KEYS=dbgpt to rotated keys, one after the other', async t => {
  const folder = await makePackageFolder(t)
  const file = join(folder, 'keys.json')
  const lines = (await snippetsOf('docs/key-management.md', 'sh')).filter(({ heading }) => heading.startsWith('From `API_KEYS=dbgpt`'))
  t.equal(lines.length, 5)
  const { app, guard } = harness(t)
  const store = new FileKeyStore(file)
  const status = async (key: string): Promise<number> => (await app.inject({ url: '/', headers: bearer(key) })).statusCode
  const outputs: string[] = []
  for (const [index, { code }] of lines.entries()) {
    outputs.push((await runShell(code, { cwd: folder, env: { API_KEYS: 'dbgpt' } })).stdout)
    if (index === 0) await guard({ keys: store })
  }
  app.get('/', () => 'ok')
  const [imported, created, listed, revoked, rotated] = outputs as [string, string, string, string, string]
  t.match(imported, '1 imported')
  t.match(listed, '76043590ee365cac')
  t.match(revoked, '76043590ee365cac')
  const keys = [keyIn(created), keyIn(rotated)]
  await until(async () => await status(keys[1] as string) === 200)
  t.equal(await status(keys[0] as string), 200, 'the grace period lasts')
  t.equal(await status('dbgpt'), 401)
  t.match(await store.list(), [{ name: 'web', expiresAt: Date }, { name: 'web' }])
})

t.test('the README shows the answer as it is', async t => {
  t.match(await pageOf('README.md'), `401 ${BODY_401}`)
})

t.test('the profiles of .env.example do what they say', async t => {
  const text = await pageOf('.env.example')
  const profiles = text.split('# --- ').slice(1).map(profile => Object.fromEntries(
    [...profile.matchAll(/^# ([A-Z_]+)=(.*)$/gm)].map(({ 1: name, 2: value }) => [name, value])
  ))
  const [development, test, production] = profiles as [Variables, Variables, Variables]
  t.equal(profiles.length, 3)
  t.match(resolve({}, development), { on: false })
  t.match(resolve({}, test), { on: true, warnings: [/placeholder/] })
  t.throws(() => resolve({}, production), { code: 'FST_DBGPT_AUTH_KEYS_REQUIRED' })
  const { stdout } = await runShell(/node -p ".*"/.exec(text)?.[0] ?? '')
  t.equal(weaknessOf(stdout.trim()), undefined)
  const key = randomBytes(32).toString('base64url')
  t.match(resolve({}, { ...production, API_KEYS: key }), { on: true, warnings: [] })
})
