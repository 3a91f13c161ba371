import t from 'tap'
import { pickSet, readPlaces } from '../../lib/config/environment.ts'
import { harness, KEY, OTHER_KEY } from '../support/app.ts'
import { pollute } from '../support/pollute.ts'
import { workElsewhere } from '../support/work-elsewhere.ts'

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

t.test('what is set comes from the environment, else from .env, and what is odd about that is remarked on', async t => {
  await workElsewhere(t, `API_KEYS=${KEY}\nAPI_AUTH=on\nNODE_ENV=test\nOTHER=1\n`)
  const { environment, origins, remarks, dotenv } = readPlaces({ API_KEYS: OTHER_KEY, API_AUTH: ' ', NODE_ENV: ' production', API_KEYS_FILE: undefined })
  t.match(environment, { API_KEYS: OTHER_KEY, API_AUTH: 'on', NODE_ENV: 'production', API_KEYS_FILE: undefined })
  t.strictSame(origins, { API_KEYS: 'environment', API_AUTH: '.env', NODE_ENV: 'environment' })
  t.strictSame(remarks, [{ kind: 'differs', name: 'API_KEYS' }, { kind: 'blank', name: 'API_AUTH' }])
  t.equal(dotenv.OTHER, '1')
})

t.test('where nothing is set, nothing is odd', async t => {
  await workElsewhere(t)
  t.strictSame(readPlaces({}), { environment: UNSET, origins: {}, remarks: [], dotenv: {} })
})

t.test('the plugin warns of a key that a "#" has cut, where it is the one that counts', async t => {
  await workElsewhere(t, `API_KEYS=${KEY}#1\nOTHER=a#b\n`)
  const { guard, log } = harness(t)
  await guard({ env: undefined })
  const warnings = log().filter(({ level }) => level === 40)
  t.match(warnings, [{ code: 'dotenv_comment', msg: /^The value of API_KEYS ends at a "#" on line 1 of \.env: put it in quotes/ }])
  t.equal(warnings.length, 1)
})

t.test('the plugin warns of keys that are dropped behind a quote', async t => {
  await workElsewhere(t, `API_KEYS="${KEY}","${OTHER_KEY}"\nAPI_KEYS='${KEY}','${OTHER_KEY}'\n`)
  const { guard, log } = harness(t)
  await guard({ env: undefined })
  const warnings = log().filter(({ level }) => level === 40)
  t.match(warnings, [{ code: 'dotenv_rest', msg: /^The value of API_KEYS ends at a quote on line 2 of \.env, .*: put one pair of quotes around all of it$/ }])
  t.equal(warnings.length, 1)
})
