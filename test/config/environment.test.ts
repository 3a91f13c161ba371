import { once } from 'node:events'
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import t, { type Test } from 'tap'
import { pickSet, readDotenv } from '../../lib/config/environment.ts'
import { KEY, MARKER, OTHER_KEY } from '../support/app.ts'
import { makeTemporaryFolder } from '../support/files.ts'
import { pollute } from '../support/pollute.ts'
import { skip } from '../support/posix.ts'

/** Works in a folder of its own. */
async function workElsewhere (t: Test): Promise<void> {
  const [before, folder] = [process.cwd(), await makeTemporaryFolder(t)]
  process.chdir(folder)
  t.teardown(() => process.chdir(before))
}

const UNSET = pickSet({})

t.test('a variable comes from the first place where it is set, without blanks around it', async t => {
  const environment = pickSet(
    { API_KEYS: ` ${KEY}\r\n`, API_AUTH: ' \t', NODE_ENV: undefined, PATH: '/bin' }, { API_KEYS: OTHER_KEY, API_AUTH: 'on', NODE_ENV: 'test' }
  )
  t.strictSame(environment, { ...UNSET, API_KEYS: KEY, API_AUTH: 'on', NODE_ENV: 'test' })
  t.strictSame(pickSet({ API_KEYS: '', API_KEYS_FILE: '\u00a0' }), { ...UNSET, API_KEYS_FILE: '\u00a0' }, 'blanks are ASCII')
  t.ok(Object.values(UNSET).every(value => value === undefined))
  t.strictSame(pickSet(), UNSET)
})

t.test('only own properties count, of what is read and of what comes of it', async t => {
  pollute(t, 'API_AUTH', 'off')
  const variables = Object.create({ API_KEYS: OTHER_KEY }) as Record<string, string>
  for (const environment of [pickSet(variables), pickSet({}, {}), pickSet({ API_AUTH: undefined })]) {
    t.equal(environment.API_AUTH, undefined)
    t.equal(environment.API_KEYS, undefined)
  }
  process.env.API_KEYS_FILE = 'keys.json'
  t.teardown(() => { delete process.env.API_KEYS_FILE })
  t.match(pickSet(process.env), { API_AUTH: undefined, API_KEYS_FILE: 'keys.json' }, 'the process\'s own object')
})

t.test('.env is read in the working directory of now, where there is one', async t => {
  await workElsewhere(t)
  t.match(readDotenv(), {})
  await writeFile('.env', `# keys\nexport API_KEYS="${KEY},#1"\nAPI_AUTH=on # always\n`)
  t.match(readDotenv(), { API_KEYS: `${KEY},#1`, API_AUTH: 'on' })
})

t.test('.env is read with a mark before it, as Windows writes it, and with any line ends', async t => {
  await workElsewhere(t)
  for (const text of [`\ufeffAPI_KEYS=${KEY}\r\nAPI_AUTH=on\r\n`, `API_KEYS=${KEY}\r\ufeffAPI_AUTH=on\r`]) {
    await writeFile('.env', text)
    t.match(readDotenv(), { API_KEYS: KEY, API_AUTH: 'on' })
  }
})

t.test('a variable of .env that has blanks alone takes no other for its value', async t => {
  await workElsewhere(t)
  for (const blank of ['OTHER= ', 'OTHER=\t ', 'export OTHER = ', ' OTHER= ', 'API_AUTH= \r', 'API_AUTH= \r\n\n']) {
    await writeFile('.env', `${blank}\nAPI_KEYS=${KEY}\nNODE_ENV=production`)
    const { API_KEYS, NODE_ENV, API_AUTH = '' } = readDotenv()
    t.same([API_KEYS, NODE_ENV, API_AUTH], [KEY, 'production', ''], JSON.stringify(blank))
  }
})

t.test('.env that is UTF-16 or holds a NUL is an error: misread, it would open the service', async t => {
  await workElsewhere(t)
  const text = `\ufeffAPI_KEYS=${KEY}\n`
  for (const [bytes, message] of [
    [Buffer.from(text, 'utf16le'), 'Bad environment: .env cannot be read, it is UTF-16: save it as UTF-8'],
    [Buffer.from(text, 'utf16le').swap16(), 'Bad environment: .env cannot be read, it is UTF-16: save it as UTF-8'],
    [Buffer.from(`${text}\0`), 'Bad environment: .env cannot be read, it holds a NUL: save it as text in UTF-8']
  ] as const) {
    await writeFile('.env', bytes)
    t.throws(() => readDotenv(), { code: 'FST_DBGPT_AUTH_ENVIRONMENT', message }, message)
  }
})

t.test('.env that names a variable and does not set it is an error: taken for nothing, it would open the service', async t => {
  await workElsewhere(t)
  const lost = [
    `\tAPI_KEYS=${KEY}`, `API_KEYS\t=${KEY}`, `export  API_KEYS=${KEY}`, `export\tAPI_KEYS=${KEY}`, `stray\nAPI_KEYS=${KEY}`, `API_KEYS="${KEY}`,
    `FOO="abc\nAPI_KEYS=${KEY}\nBAR="x"`, `\u00a0API_KEYS=${KEY}`, `\u200bAPI_KEYS=${KEY}`, `A=b\u2028API_KEYS=${KEY}`, `A=b\u0085API_KEYS=${KEY}`,
    `A=b\vAPI_KEYS=${KEY}`, `API_KEYS＝${KEY}`, `set API_KEYS=${KEY}`, `$env:API_KEYS="${KEY}"`, `- API_KEYS=${KEY}`, `"API_KEYS"="${KEY}"`,
    `{"API_KEYS":"${KEY}"}`, `API_KEYS ${KEY}`, `API_KEYS: ${KEY}`, '  API_AUTH :on', 'NODE_ENV:production', 'API_AUTH_EXPLAIN: on'
  ]
  for (const [index, text] of lost.entries()) {
    await writeFile('.env', text)
    let variables
    try {
      variables = readDotenv()
    } catch (error) {
      t.match(error, { code: 'FST_DBGPT_AUTH_ENVIRONMENT', message: /line \d+ does not set (API_KEYS|API_AUTH|API_AUTH_EXPLAIN|NODE_ENV): write \1=…/ })
      t.notMatch((error as Error).message, MARKER)
    }
    t.ok(variables?.API_KEYS === undefined || variables.API_KEYS.includes(KEY), 'refused, or read')
    t.ok(variables === undefined || Object.hasOwn(variables, 'API_KEYS'), `line ${index}`)
  }
})

t.test('.env that only speaks of variables is none, and one that sets them oddly is read', async t => {
  await workElsewhere(t)
  await writeFile('.env', `\ufeff\ufeff# API_KEYS: ${KEY}\n#API_KEYS=x\nAPI_KEYS=a:b\nAPI_AUTH=\n  NODE_ENV = test # API_KEYS: no\nMY_API_KEYS: c\nAPI_KEYS_2: d\n`)
  t.match(readDotenv(), { API_KEYS: 'a:b', API_AUTH: '', NODE_ENV: 'test' })
})

t.test('.env that is no file counts as none', { skip }, async t => {
  await workElsewhere(t)
  const socket = createServer()
  t.teardown(() => socket.close())
  for (const [name, make] of Object.entries({
    folder: async () => await mkdir('.env'),
    device: async () => await symlink('/dev/null', '.env'),
    'dangling link': async () => await symlink('none', '.env'),
    socket: async () => await once(socket.listen('.env'), 'listening')
  })) {
    await make()
    t.strictSame(Object.keys(readDotenv()), [], name)
    await rm('.env', { recursive: true, force: true })
  }
})

t.test('.env that cannot be read is an error', { skip }, async t => {
  await workElsewhere(t)
  await symlink('.env', '.env')
  t.throws(() => readDotenv(), { code: 'FST_DBGPT_AUTH_ENVIRONMENT', message: /^Bad environment: \.env cannot be read, ELOOP/ })
})
