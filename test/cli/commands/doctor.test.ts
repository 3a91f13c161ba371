import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { createApiKey, FileKeyStore, generateApiKey } from '../../../lib/index.ts'
import { BODY_401, KEY, MARKER, OTHER_KEY, WRONG_KEY } from '../../support/app.ts'
import { runCommand } from '../../support/cli.ts'
import { workElsewhere } from '../../support/work-elsewhere.ts'

t.test('people are told how things are first, in colours where there are any', async t => {
  await workElsewhere(t)
  const { code, stdout } = await runCommand(['doctor'], { env: { API_KEYS: KEY, NODE_ENV: 'production' } })
  t.equal(code, 0)
  t.match(stdout, /^API_KEYS is set in the environment\.\nNODE_ENV is set.*\n\.env and .*\nNODE_ENV is production/)
  t.match(stdout, /\nA server started here checks API keys: 1 from API_KEYS\.\n\nNothing is wrong\.\n$/)
  t.match((await runCommand(['doctor', '--lang', 'zh-Hans'], { env: { API_KEYS: KEY } })).stdout, /没有发现问题。\n$/)
  const plain = await runCommand(['doctor'], { env: { API_KEYS: `"${KEY}"` }, colors: false })
  t.match(plain.stdout, /\n\nerror value_quoted: .*\n {2}fix: .*\nwarning keys_miswritten: /)
  const colored = await runCommand(['doctor'], { env: { API_KEYS: `"${KEY}"` }, colors: true })
  // eslint-disable-next-line no-control-regex
  t.match(colored.stdout, /\n\n\x1b\[31merror\x1b\[0m value_quoted: .*\n.*\n\x1b\[33mwarning\x1b\[0m keys_miswritten: /)
})

t.test('programs are told what is wrong alone, in English and the worst first', async t => {
  await workElsewhere(t)
  const { code, stdout } = await runCommand(['doctor', '--json'], { env: { API_KEYS: `"${KEY}"`, LANG: 'zh_CN' } })
  t.equal(code, 1)
  const { findings, ...rest } = JSON.parse(stdout)
  t.same(rest, { healthy: false })
  t.match(findings, [{ code: 'value_quoted', severity: 'error' }, { code: 'keys_miswritten', severity: 'warning' }])
  for (const finding of findings) t.same(Object.keys(finding), ['code', 'severity', 'message', 'fix'])
  t.same(JSON.parse((await runCommand(['doctor', '--json'], { env: { API_KEYS: KEY } })).stdout), { healthy: true, findings: [] })
})

t.test('wrong usage is exit code 2, and repeats nothing', async t => {
  await workElsewhere(t)
  const cases = [
    ['localhost:3000'], ['ftp://localhost'], [MARKER], [''], [`http://u:${MARKER}@localhost`], [`http://${MARKER}@localhost`], [`http:u:${MARKER}@localhost`],
    [`http://u:${MARKER}@localhost:99999`], ['http://localhost', 'http://localhost'], ['--stdin'], ['--origin', 'http://localhost'], ['--lang', 'fr'],
    ['http://localhost', '--origin', MARKER], ['http://localhost', '--origin', 'http://localhost/a'], ['http://localhost', '--stdin'], ['--json', '--lang', 'fr']
  ]
  for (const args of cases) {
    const { code, stdout, stderr } = await runCommand(['doctor', ...args])
    t.same([code, stdout], [2, ''], args.join(' ').replace(MARKER, '…'))
    t.notMatch(stderr, MARKER)
  }
})

/** A server that lets one key in, and keeps what it is sent. */
async function startServer (t: Test): Promise<{ url: string, sent: (string | undefined)[] }> {
  const sent: (string | undefined)[] = []
  const server = createServer((request, response) => {
    sent.push(request.headers.authorization)
    const isGood = request.headers.authorization === `Bearer ${KEY}`
    response.writeHead(isGood ? 200 : 401, { 'content-type': 'application/json' }).end(isGood ? '{"up":true}' : BODY_401)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sent }
}

t.test('the key for a URL comes from standard input, from variables or from .env', async t => {
  await workElsewhere(t, `DBGPT_API_KEY=${WRONG_KEY}\nOPENAI_API_KEY=${KEY}\n`)
  const { url, sent } = await startServer(t)
  const keyOf = async (surroundings: Parameters<typeof runCommand>[1], ...args: string[]): Promise<unknown> => {
    sent.length = 0
    await runCommand(['doctor', url, ...args], surroundings)
    return sent.find(Boolean)
  }
  t.equal(await keyOf({}), `Bearer ${WRONG_KEY}`, '.env')
  t.equal(await keyOf({ env: { DBGPT_API_KEY: OTHER_KEY }, stdin: KEY }), `Bearer ${OTHER_KEY}`, 'the environment before .env')
  t.equal(await keyOf({ env: { DBGPT_API_KEY: OTHER_KEY }, stdin: `${KEY}\n` }, '--stdin'), `Bearer ${KEY}`, '--stdin')
  await writeFile('.env', `OPENAI_API_KEY=${KEY}#1`)
  t.equal(await keyOf({ env: { DBGPT_API_KEY: ' ' } }), `Bearer ${KEY}`, 'a blank variable is none')
  t.match(JSON.parse((await runCommand(['doctor', url, '--json'])).stdout).findings, [{ code: 'dotenv_comment', message: /OPENAI_API_KEY/ }])
  await rm('.env')
  t.equal(await keyOf({ stdin: `${KEY}\r\n` }), `Bearer ${KEY}`, 'a pipe')
  t.equal(await keyOf({ stdin: '' }), undefined, 'an empty one')
  t.equal(await keyOf({}), undefined, 'a terminal')
  t.equal(await keyOf({ stdin: new Readable({ read () {} }) }), undefined, 'a pipe that nobody ends')
  const begun = new Readable({ read () {} })
  begun.push(KEY)
  t.equal(await keyOf({ stdin: begun }), `Bearer ${KEY}`, 'a pipe that nobody ends, with a key in it')
  t.equal(begun.destroyed, true)
  await writeFile('.env', `API_KEYS: ${KEY}`)
  t.match(JSON.parse((await runCommand(['doctor', url, '--json', '--origin', 'https://a.example/'])).stdout).findings, [{ code: 'FST_DBGPT_AUTH_ENVIRONMENT' }])
})

t.test('a key that the server does not know is looked up in the store that is named here', async t => {
  await workElsewhere(t)
  const { url } = await startServer(t)
  const store = new FileKeyStore('keys.json')
  const [good, revoked, expired] = [generateApiKey(), generateApiKey(), generateApiKey()]
  await store.addAll([createApiKey(good), createApiKey(revoked), createApiKey({ key: expired, expiresAt: new Date(0) })])
  await store.revoke(createApiKey(revoked).id, { actor: 'ann' })
  const findingsOf = async (key: string, env: Record<string, string>): Promise<unknown[]> =>
    JSON.parse((await runCommand(['doctor', url, '--json'], { env: { DBGPT_API_KEY: key, ...env } })).stdout).findings
  const env = { API_KEYS_FILE: 'keys.json' }
  t.match(await findingsOf(good, env), [{ code: 'local_good' }, { code: 'key_unknown' }])
  t.match(await findingsOf(revoked, env), [{ code: 'local_revoked', message: /was revoked at 20\S+ by ann/ }, { code: 'key_unknown' }])
  t.match(await findingsOf(expired, env), [{ code: 'local_expired', message: /1970/ }, { code: 'key_unknown' }])
  t.match(await findingsOf(WRONG_KEY, env), [{ code: 'key_unknown' }])
  t.match(await findingsOf(OTHER_KEY, { API_KEYS: OTHER_KEY }), [{ code: 'local_good' }, { code: 'key_unknown' }])
  t.match(await findingsOf(good, {}), [{ code: 'key_unknown' }], 'no store is named')
  t.match(await findingsOf(good, { API_KEYS_FILE: 'none' }), [{ code: 'key_unknown' }], 'it cannot be read')
  t.same(await findingsOf(KEY, env), [])
})
