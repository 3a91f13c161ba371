import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type DbgptAuthOptions, MemoryKeyStore } from '../../lib/index.ts'
import { harness, KEY, type LogLine, OTHER_KEY } from '../support/app.ts'
import { makeTemporaryFolder } from '../support/files.ts'
import { shown } from '../support/shown.ts'

/** The lines of a start-up that say whether authentication is on. */
async function linesOf (t: Test, options: DbgptAuthOptions): Promise<LogLine[]> {
  const { app, guard, log } = harness(t)
  await guard({ env: {}, ...options })
  await app.ready()
  return log().filter(({ msg }) => msg.startsWith('API key authentication'))
}

const find = (): null => null

/** What is logged, by options: how many keys and from where, the format; and for machines. */
const on: readonly (readonly [DbgptAuthOptions, string, object])[] = [
  [{ env: { API_KEYS: KEY } }, '1 key from API_KEYS, error format openai', { source: 'API_KEYS', keys: 1, errorFormat: 'openai' }],
  [
    { env: { API_KEYS: `${KEY},${OTHER_KEY},${KEY}`, API_AUTH: 'on' }, errorFormat: 'fastapi' },
    '2 keys from API_KEYS, error format fastapi', { source: 'API_KEYS', keys: 2, errorFormat: 'fastapi' }
  ],
  [
    { keys: [KEY], errorFormat: 'dbgpt', mode: 'on' },
    '1 key from the option keys, error format dbgpt', { source: 'the option keys', keys: 1, errorFormat: 'dbgpt' }
  ],
  [
    { keys: new MemoryKeyStore(), errorFormat: () => 'dbgpt' },
    '0 keys from the option keys, error format chosen by a function', { source: 'the option keys', keys: 0, errorFormat: 'function' }
  ],
  [{ keys: { find } }, 'keys from the option keys, error format openai', { source: 'the option keys', errorFormat: 'openai' }],
  [
    { env: { API_KEYS: KEY }, addHook: false },
    '1 key from API_KEYS, error format openai, for what calls fastify.verifyApiKey alone', { source: 'API_KEYS', keys: 1 }
  ],
  ...[NaN, 1.5, '7\nkeys', () => 7, null].map(size => [
    { keys: { find, size: size as number } }, 'keys from the option keys, error format openai', { source: 'the option keys', keys: undefined }
  ] as const)
]

t.test('one line says that authentication is on, how many keys there are and from where, and the error format', async t => {
  for (const [options, text, fields] of on) {
    const lines = await linesOf(t, options)
    t.equal(lines.length, 1, shown(options))
    t.match(lines[0], { level: 30, msg: `API key authentication is on: ${text}`, ...fields }, shown(options))
    t.equal(lines[0]?.msg, `API key authentication is on: ${text}`, shown(options))
    t.equal(lines[0]?.msg.includes('\n'), false, shown(options))
  }
})

t.test('a file of keys is told by its variable, and not by its path', async t => {
  const file = join(await makeTemporaryFolder(t), 'keys')
  await writeFile(file, `${KEY}\n${OTHER_KEY}\n`)
  t.match(await linesOf(t, { env: { API_KEYS_FILE: file } }), [
    { msg: 'API key authentication is on: 2 keys from API_KEYS_FILE, error format openai', keys: 2, source: 'API_KEYS_FILE' }
  ])
})

const HOW = 'set it to on, with keys in API_KEYS or the option keys, to turn it on'
const off: readonly (readonly [DbgptAuthOptions, string])[] = [
  [{}, ': no API keys are configured, set API_KEYS to turn it on'],
  [{ keys: [] }, ': no API keys are configured, put one in the option keys, or leave it out and set API_KEYS to turn it on'],
  [
    { keys: [], env: { API_KEYS: KEY } }, ': no API keys are configured, set API_KEYS to turn it on ' +
    '(the option keys is empty, and wins over API_KEYS: leave it out to have that read)'
  ],
  [{ env: { API_AUTH: 'off', API_KEYS: KEY } }, `: API_AUTH is off, ${HOW}`],
  [{ mode: 'off', keys: [KEY] }, `: The option mode is off, ${HOW}`],
  [{ mode: 'off', addHook: false }, ` and fastify.verifyApiKey passes every request: The option mode is off, ${HOW}`]
]

t.test('one line warns that authentication is off, says why, and how to turn it on', async t => {
  for (const [options, text] of off) {
    const lines = await linesOf(t, options)
    t.equal(lines.length, 1, shown(options))
    t.strictSame([lines[0]?.level, lines[0]?.msg], [40, `API key authentication is off${text}`], shown(options))
  }
})
