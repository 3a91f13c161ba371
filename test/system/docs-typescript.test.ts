import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { createApiKey } from '../../lib/index.ts'
import { bearer, KEY } from '../support/app.ts'
import { pageOf, type Snippet, snippetsOf } from '../support/documentation.ts'
import { installPackages } from '../support/package.ts'
import { startRecipe } from '../support/recipe.ts'
import { compile } from '../support/typescript.ts'

const PAGE = 'docs/typescript.md'
const snippets = await snippetsOf(PAGE)
const [typed, plain, augmented, provided] = snippets as [Snippet, Snippet, Snippet, Snippet]
const text = await pageOf(PAGE)
const settings = [...text.matchAll(/^\| `(?!module`)(\w+)` \| (?:its own|`(\w+)`).*? \| (.*?) ?\| (.*?) ?\|$/gm)]
const PACKAGES = ['fastify', '@types/node', 'fastify-dbgpt-auth']

t.test('there are four programs and eight settings', async t => {
  t.equal(snippets.length, 4)
  t.equal(settings.length, 8)
})

for (const [, module = '', resolution, esm, commonjs] of settings) {
  t.test(`under ${module}, ${resolution ?? 'its own'}, the program compiles as the page says`, async t => {
    const folder = await installPackages(t, PACKAGES)
    for (const [format, verdict = ''] of [['mts', esm], ['cts', commonjs]] as const) {
      if (verdict === '') continue
      await writeFile(join(folder, `program.${format}`), typed.code)
      await writeFile(join(folder, `redis.${format}`), 'export { RedisKeyStore } from \'fastify-dbgpt-auth/redis\'\n')
      const flags = resolution === undefined ? [] : ['--moduleResolution', resolution, '--ignoreDeprecations', '6.0']
      const errors = compile(folder, `program.${format}`, `redis.${format}`, '--noEmit', '--module', module, ...flags)
      const codes = new Set(errors.map(error => /TS\d+/.exec(error)?.[0]))
      t.same([...codes], verdict.match(/TS\d+/g) ?? [], `${format}: ${errors.join('\n')}`)
      t.equal(errors.some(error => error.startsWith('program.')), verdict.startsWith('no'), `${format}: ${verdict}`)
    }
  })
}

for (const [title, snippet] of [
  ['of TypeScript, as ESM', typed],
  ['of TypeScript, as CommonJS', { ...typed, language: 'cts' }],
  ['of plain JavaScript', { ...plain, language: 'cjs' }]
] as const) {
  t.test(`the program ${title} runs from the tarball, and guards`, async t => {
    const ask = await startRecipe(t, snippet, { API_KEYS: KEY })
    t.match(await ask('/'), { status: 401, body: /"success":false/ })
    t.match(await ask('/', { headers: bearer() }), { status: 200, body: createApiKey(KEY).id })
  })
}

t.test('the program of plain JavaScript is checked', async t => {
  const folder = await installPackages(t, PACKAGES)
  const file = join(folder, 'program.cjs')
  const more = 'const { createApiKey } = require(\'fastify-dbgpt-auth\')\ncreateApiKey(\'x\').id.length\n'
  for (const module of ['nodenext', 'node20']) {
    const check = (): string[] => compile(folder, 'program.cjs', '--noEmit', '--allowJs', '--checkJs', '--module', module)
    await writeFile(file, plain.code + more)
    t.same(check(), [], module)
    await writeFile(file, plain.code.replace('\'dbgpt\'', '\'dbpgt\''))
    t.match(check(), [/TS2769/], module)
  }
})

t.test('the program with types of its own compiles, and what it does not say is refused', async t => {
  const folder = await installPackages(t, PACKAGES)
  const row = 'export const store: import(\'fastify-dbgpt-auth\').KeyStore = { find: digest => ({ id: \'x\', digest, name: null, expiresAt: null }) }\n'
  const check = (module: string): string[] => compile(folder, 'program.mts', '--noEmit', '--module', module)
  for (const module of ['nodenext', 'node16']) {
    await writeFile(join(folder, 'program.mts'), augmented.code + row)
    t.same(check(module), [], module)
    await writeFile(join(folder, 'program.mts'), augmented.code.replace('plan: \'gold\' }', 'plan: \'golden\' }'))
    t.match(check(module), [/TS2820|TS2322/], module)
    await writeFile(join(folder, 'program.mts'), augmented.code.replace('app.apiKeys.add', 'app.apiKeys.insert'))
    t.match(check(module), [/TS2339|TS2551/], module)
  }
})

t.test('the program with a type provider compiles, runs from the tarball, and takes a key where there is one', async t => {
  const ask = await startRecipe(t, provided, { API_KEYS: KEY })
  t.match(await ask('/?limit=2'), { status: 200, body: 'stranger 2' })
  t.match(await ask('/?limit=2', { headers: bearer() }), { status: 200, body: `${createApiKey(KEY).id} 2` })
  t.match(await ask('/?limit=no', { headers: bearer() }), { status: 400 })
})
