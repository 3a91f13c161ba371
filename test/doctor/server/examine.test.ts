import { chmod, mkdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import t from 'tap'
import { createApiKey, FileKeyStore, generateApiKey, hashApiKey } from '../../../lib/index.ts'
import { describe } from '../../../lib/doctor/finding.ts'
import { collect } from '../../../lib/doctor/server/collect.ts'
import { examineServer } from '../../../lib/doctor/server/examine.ts'
import { SERVER_TEXTS } from '../../../lib/doctor/server/texts.ts'
import { KEY, MARKER, OTHER_KEY } from '../../support/app.ts'
import { assertFirst, type Setup } from '../../support/doctor.ts'
import { skip } from '../../support/posix.ts'
import { workElsewhere } from '../../support/work-elsewhere.ts'

const DAY = 86_400_000
const FILE = { API_KEYS_FILE: 'keys.json' }
const PRODUCTION = { NODE_ENV: 'production' }
const ago = (days: number): Date => new Date(Date.now() - days * DAY)

/** Makes a file as the command does, with a key for each number of days in which one ends. */
async function makeFile (...ends: (number | undefined)[]): Promise<void> {
  const store = new FileKeyStore('keys.json')
  await store.addAll(ends.map(days => createApiKey({
    key: generateApiKey(), name: 'web', createdAt: ago(1), expiresAt: days === undefined ? undefined : ago(-days)
  })))
}

const broken: readonly Setup[] = [
  { name: 'nothing is set', first: 'starts_open', says: /lets everybody in/ },
  { name: 'off, though there are keys', env: { API_AUTH: 'off', API_KEYS: KEY }, first: 'switched_off' },
  { name: 'off by .env', dotenv: 'API_AUTH=off', env: PRODUCTION, first: 'switched_off' },
  { name: 'production without keys', env: PRODUCTION, first: 'FST_DBGPT_AUTH_KEYS_REQUIRED', says: /NODE_ENV is production/ },
  { name: 'on without keys', env: { API_AUTH: 'on' }, first: 'FST_DBGPT_AUTH_KEYS_REQUIRED', says: /API_AUTH is on/ },
  { name: 'a weak key', env: { API_KEYS: `${KEY},${MARKER}` }, first: 'keys_weak', says: /Entry 2 of API_KEYS/ },
  { name: 'a weak key in production', env: { ...PRODUCTION, API_KEYS: MARKER }, first: 'FST_DBGPT_AUTH_KEY_WEAK' },
  { name: 'keys between semicolons', env: { API_KEYS: `${KEY};${OTHER_KEY}` }, first: 'keys_miswritten', says: /put commas there/ },
  { name: 'the same in production', env: { ...PRODUCTION, API_KEYS: `${KEY};${OTHER_KEY}` }, first: 'FST_DBGPT_AUTH_KEY_MISWRITTEN' },
  { name: 'commas alone', env: { API_KEYS: ' , ' }, first: 'FST_DBGPT_AUTH_KEYS_EMPTY' },
  { name: 'a key with a blank', env: { API_KEYS: `${KEY} ${OTHER_KEY}` }, first: 'FST_DBGPT_AUTH_KEY_INVALID', says: /Entry 1 of API_KEYS/ },
  { name: 'a digest that is none', env: { API_KEYS: `sha256:${MARKER}` }, first: 'FST_DBGPT_AUTH_KEY_INVALID' },
  { name: 'two sources', env: { API_KEYS: KEY }, dotenv: 'API_KEYS_FILE=keys.json', first: 'FST_DBGPT_AUTH_KEY_SOURCES' },
  { name: 'a misspelt API_AUTH', env: { API_AUTH: 'true', API_KEYS: KEY }, first: 'FST_DBGPT_AUTH_ENVIRONMENT', says: /API_AUTH must be/ },
  { name: 'a misspelt API_KEYS_USAGE', env: { API_KEYS_USAGE: 'yes', API_KEYS: KEY }, first: 'FST_DBGPT_AUTH_ENVIRONMENT', says: /API_KEYS_USAGE/ },
  { name: 'quotes of --env-file', env: { API_KEYS: `"${KEY}"` }, first: 'value_quoted', says: /API_KEYS.*--env-file/ },
  { name: 'a path in quotes', env: { API_KEYS_FILE: "'keys.json'" }, first: 'value_quoted', says: /API_KEYS_FILE/ },
  { name: 'a cut key', dotenv: `API_KEYS=${KEY}#1\n`, first: 'dotenv_comment', says: /API_KEYS ends at the "#" on line 1/ },
  { name: 'a key that is cut to nothing', dotenv: `A=1\nAPI_KEYS=#${KEY}\n`, env: PRODUCTION, first: 'dotenv_comment', says: /line 2/ },
  { name: 'keys in quotes of their own', dotenv: `A=1\nAPI_KEYS="${KEY}","${OTHER_KEY}"\n`, first: 'dotenv_rest', says: /second quote on line 2/ },
  { name: 'something behind a quote', dotenv: `export API_KEYS = '${KEY}'x\n`, first: 'dotenv_rest', says: /API_KEYS.*line 1/ },
  { name: 'a quote that nobody ends', dotenv: `API_KEYS='${KEY}\nA=1\n`, first: 'value_half_quoted' },
  { name: 'a quote that nobody begins', env: { API_KEYS: `${KEY}"` }, first: 'value_half_quoted', says: /API_KEYS/ },
  { name: 'weak keys between semicolons', env: { ...PRODUCTION, API_KEYS: 'one;two' }, first: 'keys_semicolons' },
  { name: 'a home that nobody fills in', env: { API_KEYS_FILE: '~/keys.json' }, first: 'value_unfilled', says: /API_KEYS_FILE/ },
  { name: 'a password that nobody fills in', env: { API_KEYS_REDIS_URL: 'redis://:$' + '{PASSWORD}@127.0.0.1:1' }, first: 'value_unfilled', says: /API_KEYS_REDIS_URL/ },
  { name: 'a URL of a Redis in place of keys', env: { API_KEYS: `redis://:${MARKER}@redis.example:6379` }, first: 'keys_miswritten', says: /API_KEYS_REDIS_URL/ },
  { name: 'a path in place of keys', env: { ...PRODUCTION, API_KEYS: './keys.json' }, first: 'FST_DBGPT_AUTH_KEY_MISWRITTEN', says: /API_KEYS_FILE/ },
  { name: 'a comment behind keys', env: { API_KEYS: `${KEY} # ${MARKER}` }, first: 'FST_DBGPT_AUTH_KEY_INVALID', says: /comment behind it/ },
  { name: 'nothing, as Compose fills it in', env: { ...PRODUCTION, API_KEYS: '' }, first: 'value_blank', says: /API_KEYS is set to nothing/ },
  { name: 'nothing in .env', dotenv: 'API_KEYS_FILE=""\n', first: 'value_blank', says: /API_KEYS_FILE/ },
  { name: 'a comment', dotenv: `A=1\n## API_KEYS=${MARKER}\n`, first: 'dotenv_off', says: /Line 2 of \.env would set API_KEYS/ },
  { name: 'a line of a Dockerfile', dotenv: `ENV API_KEYS=${KEY}\n`, first: 'FST_DBGPT_AUTH_ENVIRONMENT', says: /line 1 does not set API_KEYS/ },
  ...['.env.local', '.env.production', '.env.txt', 'env'].map(file => ({
    name: `keys in ${file}`,
    env: PRODUCTION,
    dotenv: 'PORT=3000\n',
    make: async () => await writeFile(file, `API_KEYS=${KEY}\n`),
    first: 'dotenv_unread',
    says: new RegExp(`API_KEYS is set in ${file},`)
  })),
  {
    name: '.env is two folders above one with other variables',
    dotenv: `API_KEYS=${KEY}\n`,
    make: async () => { await mkdir('a/here', { recursive: true }); process.chdir('a/here'); await writeFile('.env', 'PORT=3000\n') },
    first: 'dotenv_elsewhere',
    says: /API_KEYS/
  },
  { name: 'a mark', dotenv: `\ufeffAPI_KEYS=${KEY}\n`, first: 'dotenv_mark' },
  { name: 'UTF-16', dotenv: Buffer.from(`\ufeffAPI_KEYS=${KEY}\n`, 'utf16le'), first: 'FST_DBGPT_AUTH_ENVIRONMENT', says: /UTF-16/ },
  { name: 'a NUL', dotenv: `API_KEYS=${KEY}\0\n`, first: 'FST_DBGPT_AUTH_ENVIRONMENT', says: /NUL/ },
  { name: 'YAML in .env', dotenv: `API_KEYS: ${KEY}\n`, first: 'FST_DBGPT_AUTH_ENVIRONMENT', says: /line 1 does not set API_KEYS/ },
  { name: 'a key set twice', dotenv: `API_KEYS=${KEY}\nAPI_KEYS=${OTHER_KEY}\n`, first: 'dotenv_twice', says: /line 2 counts/ },
  { name: 'a blank variable', dotenv: `API_KEYS=${KEY}\n`, env: { API_KEYS: '' }, first: 'blank_in_environment', says: /API_KEYS is blank/ },
  { name: 'two values', dotenv: `API_KEYS=${KEY}\n`, env: { API_KEYS: OTHER_KEY }, first: 'differs_in_environment' },
  ...['API_KEY', 'APIKEYS', 'api_keys', 'DBGPT_API_KEYS', 'API-KEYS', 'API_KESY'].map(name =>
    ({ name, env: { [name]: KEY, ...PRODUCTION }, first: 'near_name', says: new RegExp(`${name} is set.*API_KEYS is not`) })),
  { name: 'API_KEY_FILE in .env', dotenv: 'API_KEY_FILE=keys.json\n', first: 'near_name', says: /API_KEYS_FILE is not/ },
  { name: 'NODE_ENV=prod', env: { NODE_ENV: 'prod', API_KEYS: KEY }, first: 'node_env_near' },
  { name: 'a mistyped NODE_ENV', env: { NODE_ENV: 'Prodution', API_KEYS: KEY }, first: 'node_env_near' },
  { name: '.env is a folder', make: async () => { await mkdir('.env') }, env: PRODUCTION, first: 'dotenv_no_file' },
  {
    name: '.env is in the folder above',
    dotenv: `API_KEYS=${KEY}\n`,
    env: PRODUCTION,
    make: async () => { await mkdir('here'); process.chdir('here') },
    first: 'dotenv_elsewhere',
    says: /API_KEYS/
  },
  {
    name: '.env in the folder above cannot be read',
    dotenv: `API_KEYS: ${KEY}\n`,
    make: async () => { await mkdir('here'); process.chdir('here') },
    first: 'starts_open'
  },
  { name: 'a file that is not there', env: FILE, first: 'FST_DBGPT_AUTH_KEY_FILE_UNREADABLE', says: /that API_KEYS_FILE names.*no such file/ },
  { name: 'a key in place of a path', env: { API_KEYS_FILE: KEY }, first: 'FST_DBGPT_AUTH_KEY_FILE_UNREADABLE' },
  { name: 'a folder', env: FILE, make: async () => { await mkdir('keys.json') }, first: 'FST_DBGPT_AUTH_KEY_FILE_UNREADABLE', says: /folder/ },
  { name: 'a URL', env: { API_KEYS_FILE: `redis://:${MARKER}@h` }, first: 'FST_DBGPT_AUTH_ENVIRONMENT', says: /API_KEYS_REDIS_URL/ },
  { name: 'a URL that is none', env: { API_KEYS_REDIS_URL: `http://${MARKER}@h` }, first: 'FST_DBGPT_AUTH_ENVIRONMENT', says: /redis:/ },
  { name: 'a file cut short', env: FILE, make: async () => await writeFile('keys.json', '{"keys":['), first: 'FST_DBGPT_AUTH_KEY_FILE_INVALID' },
  { name: 'a blank file', env: FILE, make: async () => await writeFile('keys.json', '\n'), first: 'FST_DBGPT_AUTH_KEYS_EMPTY' },
  { name: 'no keys', env: FILE, make: async () => await writeFile('keys.json', '{"keys":[]}', { mode: 0o600 }), first: 'keys_none' },
  { name: 'all keys have expired', env: FILE, make: async () => await makeFile(-1, -2), first: 'keys_all_expired', says: /\(2\)/ },
  { name: 'a key has expired', env: FILE, make: async () => await makeFile(-1, undefined), first: 'keys_expired', says: /\(web\)/ },
  {
    name: 'many old keys',
    env: FILE,
    make: async () => await new FileKeyStore('keys.json').addAll(Array.from({ length: 6 }, () => createApiKey({ key: generateApiKey(), createdAt: ago(91) })))
      .then(() => {}),
    first: 'keys_old',
    says: /90 days \(6\): \w{16}, .*, …/
  },
  {
    name: 'a lock of long ago',
    env: FILE,
    async make () {
      await makeFile(undefined)
      await writeFile('keys.json.lock', '1 elsewhere 2')
      await utimes('keys.json.lock', ago(1), ago(1))
    },
    first: 'key_file_lock'
  },
  { name: 'a folder for a lock', env: FILE, make: async () => { await makeFile(undefined); await mkdir('keys.json.lock') }, first: 'key_file_locked' },
  { name: 'a file that everybody may change', env: FILE, make: async () => { await makeFile(undefined); await chmod('keys.json', 0o666) }, first: 'key_file_writable', says: /keys\.json/ },
  { name: 'a folder for a history', env: FILE, make: async () => { await writeFile('keys.json', await text(), { mode: 0o600 }); await mkdir('keys.json.history') }, first: 'history_unwritable' },
  {
    name: 'a history that leads nowhere',
    env: FILE,
    make: async () => { await makeFile(undefined); await rm('keys.json.history'); await symlink('none/none', 'keys.json.history') },
    first: 'history_unwritable',
    says: /nothing where its symbolic link leads/
  },
  {
    name: 'usage that is none',
    env: { ...FILE, API_KEYS_USAGE: 'on' },
    make: async () => { await makeFile(undefined); await writeFile('keys.json.usage', 'x') },
    first: 'usage_unwritable'
  }
]

const healthy: readonly Setup[] = [
  { name: 'a strong key', env: { API_KEYS: KEY } },
  { name: 'a strong key in production', env: { ...PRODUCTION, API_KEYS: `${KEY}, ${OTHER_KEY}`, API_AUTH: 'on' } },
  { name: 'digests', env: { ...PRODUCTION, API_KEYS: hashApiKey(KEY) } },
  { name: 'development with .env', dotenv: `# keys\nAPI_KEYS="${KEY}#1" # mine\nNODE_ENV=development\n` },
  { name: 'a start in production, in a folder for development', dotenv: `API_KEYS=${KEY}\nNODE_ENV=development\n`, env: PRODUCTION },
  { name: '.env and the environment agree', dotenv: `API_KEYS=${KEY}\n`, env: { API_KEYS: KEY, API_KEYS_FILE: '' } },
  { name: 'other programs\' keys', env: { API_KEYS: KEY, API_KEY: 'x', OPENAI_API_KEY: KEY, DBGPT_API_KEY: KEY, NODE: '/usr/bin/node' } },
  { name: 'a file of create', env: { ...FILE, ...PRODUCTION }, make: async () => await makeFile(undefined, 90) },
  { name: 'keys within their grace', env: FILE, make: async () => await makeFile(1, undefined) },
  { name: 'a file and its usage', env: { ...FILE, API_KEYS_USAGE: 'on' }, make: async () => await makeFile(undefined) },
  { name: 'digests in a file', env: FILE, make: async () => await writeFile('keys.json', `# mine\n${hashApiKey(KEY)}\n`, { mode: 0o600 }) },
  { name: 'a plain list', env: FILE, make: async () => await writeFile('keys.json', `# mine\n${KEY}\n${OTHER_KEY}\n`, { mode: 0o600 }) },
  {
    name: 'a secret of Kubernetes',
    env: { ...PRODUCTION, ...FILE },
    async make () {
      await mkdir('..2026')
      await writeFile('..2026/keys.json', `${KEY}\n`)
      await chmod('..2026/keys.json', 0o644)
      await symlink('..2026', '..data')
      await symlink('..data/keys.json', 'keys.json')
    }
  },
  { name: 'a comment of a variable that is set', dotenv: `# API_KEYS=${MARKER}\nAPI_KEYS='${KEY}' # "mine"\n` },
  { name: 'a semicolon in a key', env: { API_KEYS: `${KEY};x(y)` } },
  { name: 'a secret that is mounted', env: FILE, make: async () => await writeFile('keys.json', KEY, { mode: 0o444 }) },
  { name: '.env is /dev/null', env: { API_KEYS: KEY }, make: async () => await symlink('/dev/null', '.env') },
  { name: 'another .env above', dotenv: 'OTHER=1', env: { API_KEYS: KEY }, make: async () => { await mkdir('here'); process.chdir('here') } }
]

async function makePlain (mode: number): Promise<void> {
  await writeFile('keys.json', `${KEY}\n`)
  await chmod('keys.json', mode)
}

async function text (): Promise<string> {
  return JSON.stringify({ keys: [createApiKey(generateApiKey())] })
}

for (const setup of broken) t.test(`the cause is named first: ${setup.name}`, { skip }, async t => await assertFirst(t, setup))
for (const setup of healthy) t.test(`nothing is found where nothing is wrong: ${setup.name}`, { skip }, async t => await assertFirst(t, setup))

t.test('a file that everybody may read is told of, and not twice where they may change it', { skip }, async t => {
  await assertFirst(t, {
    name: 'keys as they are', env: FILE, make: async folder => { await makePlain(0o644); await chmod(folder, 0o755) }, first: 'key_file_readable'
  })
  await assertFirst(t, { name: 'in a folder of one user', env: FILE, make: async folder => { await makePlain(0o644); await chmod(folder, 0o700) } })
  await assertFirst(t, {
    name: 'digests', env: FILE, make: async folder => { await makeFile(undefined); await chmod('keys.json', 0o644); await chmod(folder, 0o755) }
  })
})

t.test('where there are no modes, none is wrong', { skip }, async t => {
  t.intercept(process, 'platform', { value: 'win32' })
  await assertFirst(t, { name: 'windows', env: FILE, make: async folder => { await makePlain(0o644); await chmod(folder, 0o755) } })
})

t.test('a folder that is there no more is named', { skip }, async t => {
  await workElsewhere(t)
  await mkdir('here')
  process.chdir('here')
  await rm('../here', { recursive: true })
  t.match(await examineServer({ API_KEYS: KEY }), [{ code: 'folder_gone' }])
})

t.test('a variable that is undefined is unset', async t => {
  await workElsewhere(t)
  const found = await examineServer({ API_KEYS: KEY, API_KEY: undefined })
  t.same(found.filter(({ code }) => !code.startsWith('fact_')), [])
})

t.test('a record whose id is none has no id to be revoked by', async t => {
  const { log, unreadable, warnings } = collect()
  log.error({ code: 'key_unreadable', keyId: null }, '')
  log.error({}, '')
  log.warn('text')
  t.same([unreadable, warnings], [['ID'], []])
  t.match(describe({ code: 'keys_none' }, SERVER_TEXTS), { code: 'keys_none', severity: 'error' })
  t.match(describe({ code: 'key_unreadable' }, SERVER_TEXTS), { message: /\{count\}/ }, 'what is not known stays')
})
