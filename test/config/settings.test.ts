import t from 'tap'
import type { Settings } from '../../lib/config/settings.ts'
import { createApiKey, type DbgptAuthOptions, MemoryKeyStore } from '../../lib/index.ts'
import { RedisKeyStore } from '../../lib/stores/redis/store.ts'
import { KEY, MARKER, OTHER_KEY } from '../support/app.ts'
import { resolve, type Variables } from '../support/settings.ts'
import { shown } from '../support/shown.ts'

const WEAK = `${MARKER}-short`

type Options = Pick<DbgptAuthOptions, 'keys' | 'mode' | 'addHook' | 'allowWeakKeys'>

/** What comes of a configuration, in a word: on, off, weak (on, with a warning) or the code of the error. */
function outcome (options: Options, variables: Variables): string {
  try {
    const { on, warnings } = resolve(options, variables)
    return on ? (warnings.length > 0 ? 'weak' : 'on') : 'off'
  } catch (error) {
    return (error as { code: string }).code
  }
}

const EMPTY = 'FST_DBGPT_AUTH_KEYS_EMPTY'
const INVALID = 'FST_DBGPT_AUTH_KEY_INVALID'
const REFUSE_WEAK = 'FST_DBGPT_AUTH_KEY_WEAK'
const MISWRITTEN = 'FST_DBGPT_AUTH_KEY_MISWRITTEN'
const REQUIRED = 'FST_DBGPT_AUTH_KEYS_REQUIRED'
const SOURCES = 'FST_DBGPT_AUTH_KEY_SOURCES'

/** A row of the policy table: the keys, then what comes of auto, on and off, in production and otherwise. */
const policy: readonly (readonly [string | undefined, ...string[]])[] = [
  // API_KEYS      auto, production  auto    on, production  on        off, production  off
  [KEY, 'on', 'on', 'on', 'on', 'off', 'off'],
  [`${KEY},${OTHER_KEY}`, 'on', 'on', 'on', 'on', 'off', 'off'],
  [WEAK, REFUSE_WEAK, 'weak', REFUSE_WEAK, 'weak', 'off', 'off'],
  [`${KEY},${WEAK}`, REFUSE_WEAK, 'weak', REFUSE_WEAK, 'weak', 'off', 'off'],
  [`"${KEY}"`, MISWRITTEN, 'weak', MISWRITTEN, 'weak', 'off', 'off'],
  [`["${KEY}", "${OTHER_KEY}"]`, MISWRITTEN, 'weak', MISWRITTEN, 'weak', 'off', 'off'],
  [`${KEY};${OTHER_KEY}`, MISWRITTEN, 'weak', MISWRITTEN, 'weak', 'off', 'off'],
  [`export API_KEYS=${KEY}`, INVALID, INVALID, INVALID, INVALID, 'off', 'off'],
  [undefined, REQUIRED, 'off', REQUIRED, REQUIRED, 'off', 'off'],
  ['', REQUIRED, 'off', REQUIRED, REQUIRED, 'off', 'off'],
  [' \t\r\n', REQUIRED, 'off', REQUIRED, REQUIRED, 'off', 'off'],
  [',', EMPTY, EMPTY, EMPTY, EMPTY, 'off', 'off'],
  [' , ,', EMPTY, EMPTY, EMPTY, EMPTY, 'off', 'off'],
  ['\u00a0', INVALID, INVALID, INVALID, INVALID, 'off', 'off'],
  [`${KEY},a b`, INVALID, INVALID, INVALID, INVALID, 'off', 'off'],
  [`sha256:${'0'.repeat(64)}`, 'on', 'on', 'on', 'on', 'off', 'off'],
  [`SHA256:${'aF'.repeat(32)}`, 'on', 'on', 'on', 'on', 'off', 'off'],
  ['sha256:0123', INVALID, INVALID, INVALID, INVALID, 'off', 'off']
]

for (const [keys, ...expected] of policy) {
  const shown = keys === undefined ? 'unset' : JSON.stringify(keys).replaceAll(MARKER, '…').slice(0, 40)
  t.test(`with API_KEYS ${shown}, the policy table holds`, async t => {
    let column = 0
    for (const mode of ['auto', 'on', 'off'] as const) {
      for (const production of [true, false]) {
        const variables = {
          ...keys === undefined ? {} : { API_KEYS: keys }, ...production ? { NODE_ENV: 'production' } : { NODE_ENV: 'test' }
        }
        t.equal(outcome({}, { ...variables, API_AUTH: mode }), expected[column], `API_AUTH=${mode} ${production}`)
        t.equal(outcome({ mode }, { ...variables, API_AUTH: 'auto' }), expected[column], `mode ${mode} ${production}`)
        column++
      }
    }
  })
}

t.test('allowWeakKeys is the way around weakness and mistakes, in production too', async t => {
  for (const NODE_ENV of ['production', 'development']) {
    t.equal(outcome({ allowWeakKeys: true }, { API_KEYS: WEAK, NODE_ENV }), 'on', shown(NODE_ENV))
    t.equal(outcome({ allowWeakKeys: true, keys: [WEAK] }, { NODE_ENV }), 'on', shown(NODE_ENV))
    t.equal(outcome({ allowWeakKeys: true }, { API_KEYS: `"${KEY}"`, NODE_ENV }), 'on', shown(NODE_ENV))
    t.equal(outcome({ allowWeakKeys: true }, { API_KEYS: 'a b', NODE_ENV }), INVALID, shown(NODE_ENV))
  }
})

t.test('production is recognised with blanks around it and in any case', async t => {
  for (const NODE_ENV of ['production', ' production', 'production ', 'Production']) t.equal(outcome({}, { NODE_ENV }), REQUIRED, shown(NODE_ENV))
  for (const NODE_ENV of ['prod', 'development', 'productions', '']) t.equal(outcome({}, { NODE_ENV }), 'off', shown(NODE_ENV))
})

t.test('blanks around API_AUTH do not count, and a blank one is auto', async t => {
  t.equal(outcome({}, { API_AUTH: ' off ', API_KEYS: KEY }), 'off')
  t.equal(outcome({}, { API_AUTH: '\ton\r\n' }), REQUIRED)
  t.equal(outcome({}, { API_AUTH: '  ', API_KEYS: KEY }), 'on')
})

t.test('without a hook, auto without keys refuses to start in every environment', async t => {
  for (const NODE_ENV of ['production', 'development', '']) t.equal(outcome({ addHook: false }, { NODE_ENV }), REQUIRED, shown(NODE_ENV))
  t.equal(outcome({ addHook: false, keys: [] }, {}), REQUIRED)
  t.equal(outcome({ addHook: false, mode: 'off' }, {}), 'off')
  t.equal(outcome({ addHook: false }, { API_KEYS: KEY }), 'on')
  t.equal(outcome({ addHook: true }, {}), 'off')
})

t.test('keys come from one place', async t => {
  const sources = { API_KEYS: KEY, API_KEYS_FILE: '/run/secrets/keys', API_KEYS_REDIS_URL: 'redis://localhost' }
  t.throws(() => resolve({}, { API_KEYS: KEY, API_KEYS_FILE: 'keys' }), { code: SOURCES, message: /API_KEYS and API_KEYS_FILE/ })
  t.equal(outcome({}, sources), SOURCES)
  t.equal(outcome({ mode: 'off' }, sources), 'off')
  t.equal(outcome({}, { API_KEYS: KEY, API_KEYS_FILE: '' }), 'on', 'a blank variable is an unset one')
})

t.test('keys can be in a Redis, which is named by its URL', async t => {
  for (const url of ['redis://localhost', ' rediss://user:password@host:6380/1\n']) {
    t.match(resolve({}, { API_KEYS_REDIS_URL: url, NODE_ENV: 'production' }), {
      on: true, source: 'API_KEYS_REDIS_URL', store: RedisKeyStore
    }, shown(url))
  }
  for (const url of ['localhost:6379', 'http://localhost', 'redis://']) {
    t.throws(() => resolve({}, { API_KEYS_REDIS_URL: url }), {
      code: 'FST_DBGPT_AUTH_ENVIRONMENT', message: /API_KEYS_REDIS_URL must be redis:\/\/user:password@host/
    }, shown(url))
  }
})

t.test('a URL is no file of keys, and its password is not told', async t => {
  for (const url of ['redis://user:secret@host', 'REDISS:user:secret@host', 'https://user:secret@host/keys', 'secret:6379']) {
    const error = t.throws(() => resolve({}, { API_KEYS_FILE: url }), {
      code: 'FST_DBGPT_AUTH_ENVIRONMENT', message: /API_KEYS_FILE must be the path of a file: a Redis is named by API_KEYS_REDIS_URL, .*\.\/keys:v1\.json/
    }, shown(url))
    t.notMatch(error, /secret/, shown(url))
  }
  for (const path of ['C:\\keys.json', './keys:v1.json']) t.equal(outcome({}, { API_KEYS_FILE: path }), 'on', path)
})

t.test('keys in code take the variables\' place', async t => {
  const environment = { API_KEYS: ',', API_KEYS_FILE: 'keys' }
  t.equal(outcome({ keys: [KEY] }, environment), 'on')
  t.equal(outcome({ keys: [{ key: KEY, name: 'billing' }] }, environment), 'on')
  t.equal(outcome({ keys: new MemoryKeyStore() }, { ...environment, NODE_ENV: 'production' }), 'on', 'a store counts as keys')
  t.equal(outcome({ keys: [] }, environment), 'off')
  t.equal(outcome({ keys: [] }, { ...environment, NODE_ENV: 'production' }), REQUIRED)
  t.equal(outcome({ keys: [], mode: 'on' }, environment), REQUIRED)
  t.equal(outcome({ keys: [''] }, environment), EMPTY)
  t.equal(outcome({ keys: [' '] }, environment), EMPTY)
  t.equal(outcome({ keys: [KEY, ''] }, environment), 'on')
})

t.test('an error names the place and the way out', async t => {
  const message = (options: Options, environment: Variables): string => {
    try {
      resolve(options, environment)
    } catch (error) {
      return (error as Error).message
    }
    return 'nothing was thrown'
  }
  t.match(message({}, { NODE_ENV: 'production' }), /NODE_ENV is production.*set API_KEYS.*API_AUTH=off/)
  t.match(message({}, { API_AUTH: 'on' }), /API_AUTH is on.*set API_KEYS.*API_AUTH=off/)
  t.match(message({ mode: 'on' }, {}), /The option mode is on/)
  t.match(message({ addHook: false }, {}), /The option addHook is false/)
  t.match(message({}, { API_KEYS: `${KEY}, ,a b` }), /^Entry 3 of API_KEYS is not a valid API key/)
  t.match(message({}, { API_KEYS: `${KEY},'${OTHER_KEY}'`, NODE_ENV: 'production' }), /^Entry 2 of API_KEYS is in quotes: drop them.*allowWeakKeys/)
  t.match(message({ keys: [KEY, 'a b'] }, {}), /^Entry 2 of the option keys is not/)
  t.match(message({}, { API_KEYS: `${KEY},${WEAK}`, NODE_ENV: 'production' }), /^Entry 2 of API_KEYS is shorter than 20.*allowWeakKeys/)
})

t.test('off says why', async t => {
  t.match(resolve({}, { API_AUTH: 'off' }), { on: false, why: /^API_AUTH is off, .* to turn it on$/ })
  t.match(resolve({ mode: 'off' }, {}), { why: /^The option mode is off, .* to turn it on$/ })
  t.match(resolve({}, {}), { why: /no API keys are configured/ })
})

t.test('refusals are explained by the option, else by the variable, else not', async t => {
  for (const [explain, API_AUTH_EXPLAIN, expected] of [
    [undefined, '', false], [undefined, 'off', false], [undefined, ' on ', true], [true, 'off', true], [false, 'on', false]
  ] as const) {
    for (const keys of [undefined, new MemoryKeyStore()]) {
      t.match(resolve({ explain, keys }, { API_KEYS: KEY, API_AUTH_EXPLAIN }), { on: true, explain: expected }, `${explain} ${API_AUTH_EXPLAIN}`)
    }
  }
})

t.test('10,000 keys are read, and each is found', async t => {
  const keys = Array.from({ length: 10_000 }, (_, index) => `${KEY}${index}`)
  const settings = resolve({}, { API_KEYS: keys.join(', ') })
  t.match(settings, { on: true, source: 'API_KEYS' })
  const { store } = settings as Extract<Settings, { on: true }>
  t.ok(keys.every(key => store.find(createApiKey(key).digest) !== undefined))
})

t.test('an empty option keys that wins over variables says so', async t => {
  const text = /the option keys is empty, and wins over API_KEYS: leave it out/
  const settings = resolve({ keys: [] }, { API_KEYS: KEY })
  t.match(settings, { on: false, why: text })
  for (const [options, variables] of [[{ mode: 'on' }, {}], [{}, { NODE_ENV: 'production' }], [{ addHook: false }, {}]] as const) {
    const refused = (): unknown => resolve({ keys: [], ...options }, { API_KEYS: KEY, ...variables })
    t.throws(refused, { code: REQUIRED, message: text }, shown(options))
  }
  t.match(resolve({ keys: [] }, {}), { why: /set API_KEYS to turn it on$/ })
})

t.test('an unknown option warns, and refuses to start where authentication would be off', async t => {
  const options = { key: [KEY] } as Options
  t.match(resolve(options, { API_KEYS: KEY }).warnings, [/^There is no option "key", is "keys" meant\?$/])
  for (const more of [{}, { mode: 'off' }, { keys: [] }] as const) {
    t.throws(() => resolve({ ...options, ...more }, {}), { code: 'FST_DBGPT_AUTH_OPTION_UNKNOWN', message: /"key".*"keys"/ }, shown(more))
  }
})
