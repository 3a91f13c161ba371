import { once } from 'node:events'
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import t from 'tap'
import { readDotenv } from '../../lib/config/dotenv.ts'
import { VARIABLES } from '../../lib/config/environment.ts'
import { KEY, MARKER } from '../support/app.ts'
import { skip } from '../support/posix.ts'
import { workElsewhere } from '../support/work-elsewhere.ts'

t.test('.env is read in the working directory of now, where there is one', async t => {
  await workElsewhere(t)
  t.match(readDotenv(VARIABLES).variables, {})
  await writeFile('.env', `# keys\nexport API_KEYS="${KEY},#1"\nAPI_AUTH=on # always\n`)
  t.match(readDotenv(VARIABLES).variables, { API_KEYS: `${KEY},#1`, API_AUTH: 'on' })
})

t.test('.env is read with a mark before it, as Windows writes it, and with any line ends', async t => {
  await workElsewhere(t)
  for (const text of [`\ufeffAPI_KEYS=${KEY}\r\nAPI_AUTH=on\r\n`, `API_KEYS=${KEY}\r\ufeffAPI_AUTH=on\r`]) {
    await writeFile('.env', text)
    t.match(readDotenv(VARIABLES).variables, { API_KEYS: KEY, API_AUTH: 'on' })
  }
})

t.test('a variable of .env that has blanks alone takes no other for its value', async t => {
  await workElsewhere(t)
  for (const blank of ['OTHER= ', 'OTHER=\t ', 'export OTHER = ', ' OTHER= ', 'API_AUTH= \r', 'API_AUTH= \r\n\n']) {
    await writeFile('.env', `${blank}\nAPI_KEYS=${KEY}\nNODE_ENV=production`)
    const { API_KEYS, NODE_ENV, API_AUTH = '' } = readDotenv(VARIABLES).variables
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
    t.throws(() => readDotenv(VARIABLES), { code: 'FST_DBGPT_AUTH_ENVIRONMENT', message }, message)
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
      variables = readDotenv(VARIABLES).variables
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
  t.match(readDotenv(VARIABLES).variables, { API_KEYS: 'a:b', API_AUTH: '', NODE_ENV: 'test' })
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
    t.strictSame(Object.keys(readDotenv(VARIABLES).variables), [], name)
    await rm('.env', { recursive: true, force: true })
  }
})

t.test('.env that cannot be read is an error', { skip }, async t => {
  await workElsewhere(t)
  await symlink('.env', '.env')
  t.throws(() => readDotenv(VARIABLES), { code: 'FST_DBGPT_AUTH_ENVIRONMENT', message: /^Bad environment: \.env cannot be read, ELOOP/ })
})

t.test('a "#" that ends a value without a blank before it is remarked on, and one that begins a comment is not', async t => {
  await workElsewhere(t)
  const cuts = [
    `API_KEYS=${KEY}#1`, `export API_KEYS = ${KEY}#1 # 2`, 'API_KEYS=#1', `API_KEYS=${KEY}# 1`, `API_KEYS=${KEY},a b#c`, `A=1\nAPI_KEYS=${KEY}#1\n`,
    'OTHER=a#b'
  ]
  for (const [index, text] of cuts.entries()) {
    await writeFile('.env', text)
    const name = text.startsWith('OTHER') ? 'OTHER' : 'API_KEYS'
    t.strictSame(readDotenv(VARIABLES).remarks, [{ kind: 'cut', name, line: text.startsWith('A=') ? 2 : 1 }], `cut ${index}`)
  }
  const whole = [
    `API_KEYS="${KEY}#1"`, `API_KEYS='${KEY}'#1`, `API_KEYS=\`${KEY}#1\``, `API_KEYS=${KEY} #1`, 'API_KEYS= #1', 'API_KEYS=# none yet', `#API_KEYS=${KEY}#1`,
    `OTHER="a\nAPI_KEYS=1#2\n"\nAPI_KEYS=${KEY}`
  ]
  for (const [index, text] of whole.entries()) {
    await writeFile('.env', text)
    t.strictSame(readDotenv(VARIABLES).remarks.filter(({ kind }) => kind === 'cut'), [], `whole ${index}`)
  }
})

t.test('a mark, a variable that is set twice and what is no file are remarked on', { skip }, async t => {
  await workElsewhere(t, '\ufeffA=1\nB=2\nA=3#4\n')
  t.strictSame(readDotenv(VARIABLES).remarks, [
    { kind: 'mark', name: '', line: 1 }, { kind: 'twice', name: 'A', line: 3 }, { kind: 'cut', name: 'A', line: 3 }
  ])
  await mkdir('folder')
  t.match(readDotenv(VARIABLES, 'folder').remarks, [{ kind: 'no-file' }])
  await symlink('none', 'dangling')
  t.match(readDotenv(VARIABLES, 'dangling').remarks, [{ kind: 'no-file' }])
  t.strictSame(readDotenv(VARIABLES, '/dev/null').remarks, [], 'nothing, on purpose')
  t.strictSame(readDotenv(VARIABLES, 'none').remarks, [])
})

t.test('what stands behind a value in quotes is remarked on, unless it is a comment', async t => {
  await workElsewhere(t)
  for (const text of [`API_KEYS="${KEY}","b"`, `API_KEYS='${KEY}' 'b'`, `export API_KEYS = \`${KEY}\`b # c`, `API_KEYS="${KEY}";#`]) {
    await writeFile('.env', text)
    t.strictSame(readDotenv(VARIABLES).remarks, [{ kind: 'rest', name: 'API_KEYS', line: 1 }], text.replace(KEY, 'a'))
  }
  for (const text of [`API_KEYS="${KEY}"`, `API_KEYS='${KEY}' # 'b'`, `API_KEYS="${KEY}"#b`, `API_KEYS='${KEY}\n' b`, `API_KEYS=${KEY}"b"c`]) {
    await writeFile('.env', text)
    t.strictSame(readDotenv(VARIABLES).remarks, [], text.replace(KEY, 'a'))
  }
})

t.test('a comment that would set a variable which is not set is remarked on', async t => {
  await workElsewhere(t, `## API_KEYS - a list\n# API_KEYS=${MARKER}\n\t#export API_AUTH = on\n#OTHER=1\n#NODE_ENV=production\nNODE_ENV=test\n#\n`)
  t.strictSame(readDotenv(VARIABLES).remarks, [{ kind: 'off', name: 'API_KEYS', line: 2 }, { kind: 'off', name: 'API_AUTH', line: 3 }])
})
