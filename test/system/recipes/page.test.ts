import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import { KEY } from '../../support/app.ts'
import { pageOf, type Snippet, snippetsOf } from '../../support/documentation.ts'
import { startRecipe } from '../../support/recipe.ts'
import { ENV, topicsOfRecipes } from '../../support/recipes.ts'

/** How long a recipe may be, without blank lines and comments. */
const MAX_LINES = 20
const sections = (await pageOf('docs/recipes.md')).split(/^## /m).slice(1)
  .map(section => ({ heading: section.slice(0, section.indexOf('\n')), section }))

t.test('the index names each recipe once, in the order of the page, and each of its topics has its tests', async t => {
  const topics = await topicsOfRecipes()
  t.same([...topics.values()].flat(), sections.map(({ heading }) => heading))
  for (const topic of topics.keys()) {
    t.ok(existsSync(join(import.meta.dirname, `${topic.split(' ')[0]?.toLowerCase()}.test.ts`)), topic)
  }
})

t.test('each recipe is a line of "when", its code, and a line of "mind"', async t => {
  for (const { heading, section } of sections) {
    const paragraphs = section.replace(/^```.*?^```$/gms, '```').trim().split('\n\n').slice(1)
    t.match(paragraphs[0], /^When [^\n]+$/, heading)
    t.match(paragraphs.at(-1), /^Mind: [^\n]+$/, heading)
    t.match(paragraphs.slice(1, -1).join('\n'), /^(.*\n)?```(\n.*:\n```)*$/, heading)
  }
})

t.test('no recipe is longer than twenty lines', async t => {
  for (const { heading, code } of await snippetsOf('docs/recipes.md')) {
    const lines = code.split('\n').filter(line => !/^\s*(\/\/|#|$)/.test(line))
    t.ok(lines.length <= MAX_LINES, `${heading}: ${lines.length}`)
  }
})

t.test('the program of the README runs from the tarball, and answers as its table says', async t => {
  const readme = await pageOf('README.md')
  const [, install = ''] = /`(npm install fastify [^`]*)`/.exec(readme) ?? []
  const [snippet] = await snippetsOf('README.md', 'js') as [Snippet]
  const [first, second] = [...readme.matchAll(/^\| `curl .*\| `(.*)` \|$/gm)].map(([, answer]) => answer)
  const { say } = await startRecipe(t, { language: 'js', code: `// ${install}\n${snippet.code}` }, ENV)
  t.equal(await say('/'), first)
  t.equal(await say('/', KEY), second?.replace('<the key\'s id>', createApiKey(KEY).id))
})
