import fc from 'fast-check'
import t, { type Test } from 'tap'
import { writeFile } from 'node:fs/promises'
import { VARIABLES } from '../../../lib/config/environment.ts'
import { MARKER } from '../../support/app.ts'
import { runCommand } from '../../support/cli.ts'
import { freePorts } from '../../support/redis.ts'
import { workElsewhere } from '../../support/work-elsewhere.ts'

const NAMES = [...VARIABLES, 'API_KEY', 'api_keys', 'DBGPT_API_KEYS', 'API_KEY_FILE', 'DBGPT_API_KEY']
const RUNS = { numRuns: 60 }

const [port] = await freePorts(1)

/** A key or a password: the marker, and anything before and behind it. */
const secret = fc.tuple(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.string({ maxLength: 40 }))
  .map(([before, after]) => `${before}${MARKER}${after}`.replaceAll('\0', ''))
/** Where it stands in a value. */
const around = fc.constantFrom<(text: string) => string>(
  text => text, text => `"${text}"`, text => `,${text} ,`, text => `Bearer ${text}`, text => `sha256:${text}`, text => `API_KEYS=${text}`, text => `${text}#${text}`,
text => `redis://${encodeURIComponent(text)}:${encodeURIComponent(text)}@127.0.0.1:${port}`, text => `redis://:${text}@127.0.0.1:${port}`,
text => `redis://127.0.0.1:${port}/${text}`, text => `redis://${text}`, text => `/none/${text}/${text}.json`, text => `./${text}`
)
const value = fc.tuple(secret, around).map(([text, wrap]) => wrap(text))
const variables = fc.dictionary(fc.constantFrom(...NAMES), value, { minKeys: 1, maxKeys: 3, noNullPrototype: true })
const production = fc.constantFrom({}, { NODE_ENV: 'production' })
const lines = fc.array(fc.tuple(fc.constantFrom(...NAMES, MARKER, '# API_KEYS'), fc.constantFrom('=', ': ', ' ', '="', ' = '), value).map(parts => parts.join('')), { maxLength: 3 })

async function assertSilent (t: Test, args: readonly string[], env: Record<string, string>, stdin?: string): Promise<void> {
  const { stdout, stderr } = await runCommand(args, { env, stdin })
  const printed = stdout + stderr
  if (printed.toLowerCase().includes(MARKER.toLowerCase())) t.fail(`a secret is printed by ${args.join(' ')}`)
}

t.test('no output of the doctor holds a key, a password or a URL with one, wherever it stands', async t => {
  await workElsewhere(t)
  await fc.assert(fc.asyncProperty(variables, production, lines, lines, async (env, mode, dotenv, other) => {
    await writeFile('.env', dotenv.join('\n'))
    await writeFile('.env.local', other.join('\n'))
    for (const args of [['--json'], ['--lang', 'en'], ['--lang', 'zh']]) await assertSilent(t, ['doctor', ...args], { ...env, ...mode })
  }), RUNS)
})

t.test('nor does that of verify, or a doctor that is given it as a URL', async t => {
  await workElsewhere(t)
  await fc.assert(fc.asyncProperty(variables, value, secret, async (env, store, text) => {
    await assertSilent(t, ['verify'], env, text)
    await assertSilent(t, ['verify', '--json', `--store=${store}`], env, text)
    const address = `127.0.0.1:${port}`
    for (const url of [text, `http://${text}@${address}`, `http://a:${text}@${address}`, `http:${text}@${address}`]) {
      await assertSilent(t, ['doctor', `--origin=${text}`, '--', url], env)
    }
  }), RUNS)
})
