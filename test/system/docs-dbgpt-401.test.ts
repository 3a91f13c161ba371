import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { MARKER } from '../support/app.ts'
import { keyIn } from '../support/cli.ts'
import { skip, startPythonDbGpt } from '../support/dbgpt.ts'
import { listening, start } from '../support/demo-server.ts'
import { makePackageFolder, pageOf, runNode, runShell, snippetsOf } from '../support/documentation.ts'
import { makeTemporaryFolder } from '../support/files.ts'
import { sectionsOf } from '../support/sections.ts'

const PAGE = 'docs/dbgpt-401.md'
const text = await pageOf(PAGE)
const KEYS_ON = `[system]\napi_keys = ["${MARKER}"]\n[service.web]\nhost = "127.0.0.1"\n`

/** The snippets under a heading that begins so, in a language. */
async function under (heading: string, language: string): Promise<string[]> {
  return (await snippetsOf(PAGE, language)).filter(snippet => snippet.heading.startsWith(heading)).map(({ code }) => code)
}

type Names = Readonly<Record<string, string>>

/** Runs lines with addresses in place of the documented ones, and returns what they print. */
async function outputOf (lines: string, addresses: Names, env: Names): Promise<string> {
  const there = Object.entries(addresses).reduce((code, [documented, url]) => code.replaceAll(documented, url), lines)
  return (await runShell(there, { env })).stdout
}

async function statuses (lines: string | undefined, addresses: Names, env: Names = {}): Promise<string[]> {
  return (await outputOf(lines ?? '', addresses, env)).trim().split('\n')
}

/** Types what is typed below a heading, in both languages, and compares what is printed with what stands there. */
async function assertPrinted (t: Test, anchor: string, addresses: Names, env: Names = {}): Promise<void> {
  const languages = [[PAGE, ' --lang en', {}], ['docs/zh-CN/dbgpt-401.md', '', { LANG: 'zh_CN.UTF-8' }]] as const
  for (const [page, option, locale] of languages) {
    const section = sectionsOf(await pageOf(page)).find(each => each.anchor === anchor)
    const [shown, ...others] = section?.snippets.filter(({ language }) => language === 'console') ?? []
    t.same(others, [], page)
    const [, typed = '', printed] = /^\$ (.*)\n([^]*)$/.exec(shown?.code ?? '') ?? []
    const command = typed.replace('--package fastify-dbgpt-auth ', '')
    t.equal(await outputOf(`{ ${command}${option}; } < /dev/null`, addresses, { ...env, ...locale }), printed, `${page}#${anchor}`)
  }
}

const DBGPT = 'http://127.0.0.1:5670'
const GATEWAY = 'http://127.0.0.1:3000'

t.test('what the page says one sees is what DB-GPT answers, and the first question tells it', { skip }, async t => {
  const url = await startPythonDbGpt(t, KEYS_ON)
  const answer = await fetch(`${url}/api/v2/serve/awel/flows?page=1&page_size=12`)
  t.equal(answer.status, 401)
  t.match(text, `Request error\n${(await answer.json() as { err_msg: string }).err_msg}\n`)
  const [ask] = await under('Is it that?', 'sh')
  t.same(await statuses(ask, { [DBGPT]: url }), ['401'])
  t.same(await statuses(ask, { [DBGPT]: 'http://127.0.0.1:1' }), ['000'])
  await assertPrinted(t, 'is-it-that', { [DBGPT]: url })
})

t.test('A: without keys the page is answered, on the loopback interface alone', { skip }, async t => {
  const [config = '', ...others] = await under('A:', 'toml')
  t.same(others, [])
  const url = await startPythonDbGpt(t, config)
  t.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
  const [ask] = await under('A:', 'sh')
  t.same(await statuses(ask, { [DBGPT]: url }), ['200'])
  await assertPrinted(t, 'a-keys-off-on-a-laptop', { [DBGPT]: url })
})

t.test('B: programs have their key, the pages do not, and what is below /api/v1 is open', { skip }, async t => {
  const [make, ask, open, ...others] = await under('B:', 'sh')
  t.same(others, [])
  const { stdout } = await runShell(`${make}echo "$DBGPT_API_KEY"`)
  const env = { DBGPT_API_KEY: stdout.trim() }
  t.match(env.DBGPT_API_KEY, /^[0-9a-f]{64}$/)
  const [config] = await under('B:', 'toml')
  const url = await startPythonDbGpt(t, `${config}[service.web]\nhost = "127.0.0.1"\n`, env)
  t.same(await statuses(ask, { [DBGPT]: url }, env), ['401', '200'])
  t.same(await statuses(open, { [DBGPT]: url }), ['200'])
  await assertPrinted(t, 'b-keys-right-for-programs', { [DBGPT]: url }, env)

  const [program = ''] = await under('B:', 'js')
  const folder = await makePackageFolder(t)
  const file = join(folder, 'ask.mjs')
  await writeFile(file, program.replace(DBGPT, url))
  t.equal(await runNode(file, { env }), 'You said: Hello\n')
  const refused = await runNode(file, { env: { DBGPT_API_KEY: MARKER } }).catch(error => error)
  t.match(refused, { code: 1, stderr: /AuthenticationError: 401/ })
})

/** Follows the steps, and returns the gateway's address and the key. */
async function followSteps (t: Test, dbgpt: string): Promise<{ url: string, key: string }> {
  const [install, prepare = '', ...others] = await under('C:', 'sh')
  t.equal(install, 'npm install dbgpt-gateway\n')
  t.equal(others.length, 1)
  const folder = await makeTemporaryFolder(t)
  const { stdout } = await runShell(prepare.replace(DBGPT, dbgpt), { cwd: folder })
  const [dotenv, keys] = await Promise.all(['.env', 'keys.json'].map(async name => await readFile(join(folder, name), 'utf8')))
  const files = { '.env': `${dotenv}PORT=0\n`, 'keys.json': keys as string }
  const program = start(t, { PATH: process.env.PATH as string }, files, 'gateway')
  return { url: await listening(program), key: keyIn(stdout) }
}

t.test('C: behind the gateway nothing is open, and people who log in have their pages', { skip }, async t => {
  const [config = ''] = await under('A:', 'toml')
  const { url, key } = await followSteps(t, await startPythonDbGpt(t, config))
  const [, , ask] = await under('C:', 'sh')
  t.same(await statuses(ask, { [GATEWAY]: url }, { GATEWAY_KEY: key }), ['401', '401', '200'])
  await assertPrinted(t, 'c-the-gateway-for-people', { [GATEWAY]: url }, { GATEWAY_KEY: key })
  const login = await fetch(`${url}/login`, { method: 'POST', body: new URLSearchParams({ key, next: '/' }), redirect: 'manual' })
  t.equal(login.status, 303)
  const cookie = login.headers.get('set-cookie')?.split(';')[0] as string
  t.equal((await fetch(`${url}/api/v2/serve/awel/flows`, { headers: { cookie } })).status, 200)
})
