import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { readSettings, trustProxyOf } from '../lib/settings.ts'
import { bearer } from '../../test/support/app.ts'
import { keyIn } from '../../test/support/cli.ts'
import { listening, start } from '../../test/support/demo-server.ts'
import { pageOf, runShell, snippetsOf } from '../../test/support/documentation.ts'
import { makeTemporaryFolder } from '../../test/support/files.ts'

const PAGE = 'docs/gateway.md'
const text = await pageOf(PAGE)

t.test('the steps of docs/gateway.md lead to a gateway that asks for keys', async t => {
  const steps = (await snippetsOf(PAGE, 'sh')).filter(({ heading }) => heading === 'In front of a real DB-GPT, in five minutes')
  const [install, prepare = '', ...others] = steps.map(({ code }) => code)
  t.equal(install, 'npm install dbgpt-gateway\n')
  t.same(others, [])
  const folder = await makeTemporaryFolder(t)
  const { stdout } = await runShell(prepare, { cwd: folder })
  const key = keyIn(stdout)
  const dotenv = await readFile(join(folder, '.env'), 'utf8')
  t.match(dotenv, /^SESSION_SECRET=[0-9a-f]{64}$/m)
  await writeFile(join(folder, '.env'), `${dotenv.replace(/^DBGPT_URL=.*$/m, '')}PORT=0\n`)

  const program = start(t, { PATH: process.env.PATH as string }, {
    '.env': await readFile(join(folder, '.env'), 'utf8'), 'keys.json': await readFile(join(folder, 'keys.json'), 'utf8')
  }, 'gateway')
  const url = await listening(program)
  t.equal((await fetch(`${url}/v1/models`)).status, 401)
  t.equal((await fetch(`${url}/v1/models`, { headers: bearer(key) })).status, 200)
  const login = await fetch(`${url}/login`, { method: 'POST', body: new URLSearchParams({ key, next: '/flows' }), redirect: 'manual' })
  t.equal(login.status, 303)
  program.kill('SIGTERM')
  t.match(await program.exit, { code: 0 })
})

t.test('every variable is in docs/gateway.md, and what it says of TRUST_PROXY is taken', async t => {
  for (const name of Object.keys(await readSettings({ METRICS_PORT: '0' }))) t.match(text, `\`${name}\``, name)
  for (const [, setting = ''] of text.matchAll(/`TRUST_PROXY=([^`]+)`/g)) t.same(trustProxyOf(setting), ['127.0.0.1'], setting)
})
