import t from 'tap'
import type { DbgptAuthOptions } from '../../lib/index.ts'
import { readOptions } from '../../lib/config/options.ts'
import { KEY, MARKER } from '../support/app.ts'
import { pollute } from '../support/pollute.ts'
import { shown } from '../support/shown.ts'

const bad: Readonly<Record<keyof DbgptAuthOptions, readonly unknown[]>> = {
  keys: [KEY, 7, true, null, {}, { find: 'x' }, () => KEY],
  mode: ['ON', 'yes', '', true, null],
  env: ['API_KEYS=x', 7, null, [], { API_KEYS: 7 }, { API_KEYS: null }],
  errorFormat: ['json', '', null, {}, 'toString'],
  message: [7, null, {}, ['x']],
  realm: ['a"b', 'a\\b', 'a\nb', 'é', 7, null],
  getKey: ['x-api-key', {}, null, true],
  addHook: ['false', 0, null],
  logLevel: ['verbose', 'toString', '', 30, null],
  allowWeakKeys: ['yes', 1, null],
  usage: ['on', 1, null],
  explain: ['on', 1, null]
}

for (const [name, values] of Object.entries(bad)) {
  t.test(`a wrong ${name} is refused by name`, async t => {
    for (const value of values) {
      t.throws(() => readOptions({ [name]: value }), {
        code: 'FST_DBGPT_AUTH_OPTION', message: new RegExp(`^The option "${name}" must be (?!.*${MARKER})`)
      }, shown(value))
    }
  })
}

t.test('right options are taken, undefined and a stranger\'s included', async t => {
  const right: readonly DbgptAuthOptions[] = [
    {}, { keys: [] }, { keys: [KEY] }, { keys: { find: () => null } }, { mode: 'auto' }, { mode: 'on' }, { mode: 'off' },
    { env: {} }, { env: { API_KEYS: undefined } }, { errorFormat: 'openai' }, { errorFormat: 'fastapi' }, { errorFormat: 'dbgpt' },
    { errorFormat: () => 'dbgpt' }, { message: '' }, { realm: '' }, { realm: 'My API (test) [1]' }, { getKey: () => null },
    { addHook: false }, { logLevel: 'silent' }, { logLevel: 'trace' }, { allowWeakKeys: true }, { explain: false },
    { keys: undefined, mode: undefined, env: undefined, errorFormat: undefined, message: undefined, realm: undefined },
    { prefix: '/v1' } as DbgptAuthOptions
  ]
  for (const options of right) t.doesNotThrow(() => readOptions(options), JSON.stringify(options))
})

t.test('options that are not given have their defaults, and those that are keep their values', async t => {
  const defaults = {
    keys: undefined,
    mode: undefined,
    env: undefined,
    errorFormat: 'openai',
    message: undefined,
    realm: 'DB-GPT',
    getKey: undefined,
    addHook: true,
    logLevel: 'info',
    allowWeakKeys: false,
    usage: undefined,
    explain: undefined,
    unknown: []
  } as const
  t.strictSame(readOptions({}), defaults)
  t.strictSame(readOptions({ errorFormat: undefined, realm: undefined, allowWeakKeys: undefined }), defaults)
  const given = { errorFormat: 'dbgpt', message: 'x', realm: '', addHook: false, logLevel: 'silent', allowWeakKeys: true } as const
  t.strictSame(readOptions({ ...given, keys: undefined, mode: 'on' }), { ...defaults, ...given, mode: 'on' })
})

t.test('options of a class or of another object are refused: passed over, they would guard nothing', async t => {
  class Given { get keys (): string[] { return [KEY] } }
  const inherited: readonly (readonly [object, RegExp])[] = [
    [new Given(), /"keys" must be a property of the options themselves/], [Object.create({ mode: 'on' }), /"mode"/],
    [{ env: new Map([['API_KEYS', KEY]]) }, /"env" must be a plain object/], [{ env: Object.create({ API_KEYS: KEY }) }, /"env"/]
  ]
  for (const [options, message] of inherited) t.throws(() => readOptions(options), { code: 'FST_DBGPT_AUTH_OPTION', message }, shown(message))
  t.doesNotThrow(() => readOptions({ env: process.env }))
})

t.test('only own options count', async t => {
  const expected = readOptions({})
  for (const [name, value] of Object.entries({ mode: 'off', addHook: false, allowWeakKeys: true, nonsense: 1 })) pollute(t, name, value)
  t.strictSame(Object.entries(readOptions({})), Object.entries(expected))
})

t.test('an unknown option is named, with the one that was perhaps meant; Fastify\'s own are known', async t => {
  const cases = {
    key: 'keys', apiKeys: 'keys', Mode: 'mode', enviroment: 'env', 'error-format': 'errorFormat', allowWeak: 'allowWeakKeys'
  }
  for (const [name, meant] of Object.entries(cases)) {
    t.same(readOptions({ [name]: 1 }).unknown, [`There is no option "${name}", is "${meant}" meant?`])
  }
  t.same(readOptions({ prefix: '/v1', logLevel: 'info', logSerializers: {} } as DbgptAuthOptions).unknown, [])
  t.same(readOptions({ trustProxy: true, logger: false, bodyLimit: 1, skipOverride: true } as DbgptAuthOptions).unknown, [], 'its server\'s')
})
