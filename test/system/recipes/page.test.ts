import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import { KEY } from '../../support/app.ts'
import { pageOf, type Snippet, snippetsOf } from '../../support/documentation.ts'
import { anchorsOf } from '../../support/links.ts'
import { startRecipe } from '../../support/recipe.ts'
import { ENV, PAGES, topicsOfRecipes } from '../../support/recipes.ts'

/** How long a program may be, and the configuration of a proxy, without blank lines and comments. */
const MAX_LINES = { program: 20, proxy: 40 }

for (const page of PAGES) {
  const sections = (await pageOf(page)).split(/^## /m).slice(1)
    .map(section => ({ heading: section.slice(0, section.indexOf('\n')), section }))

  t.test(`the index of ${page} names each recipe once, in the order of the page, and each is tried by its topic's tests`, async t => {
    const topics = await topicsOfRecipes(page)
    t.same([...topics.values()].flat(), sections.map(({ heading }) => heading))
    for (const [topic, headings] of topics) {
      const file = join(import.meta.dirname, `${topic.split(' ')[0]?.toLowerCase()}.test.ts`)
      const tests = (await readFile(file, 'utf8')).replaceAll('\\', '')
      for (const heading of headings) t.ok(tests.includes(heading), `${topic}: ${heading}`)
    }
  })

  t.test(`each recipe of ${page} is a line of "when", its code, and a line of "mind"`, async t => {
    for (const { heading, section } of sections) {
      const paragraphs = section.replace(/^```.*?^```$/gms, '```').trim().split('\n\n').slice(1)
      t.match(paragraphs[0], /^When [^\n]+$/, heading)
      t.match(paragraphs.at(-1), /^Mind: [^\n]+$/, heading)
      t.match(paragraphs.slice(1, -1).join('\n'), /^(.*\n)?```(\n.*:\n```)*$/, heading)
    }
  })

  t.test(`no recipe of ${page} is longer than twenty lines`, async t => {
    for (const { heading, code, language } of await snippetsOf(page)) {
      const lines = code.split('\n').filter(line => !/^\s*(\/\/|#|$)/.test(line))
      const most = language === 'nginx' ? MAX_LINES.proxy : MAX_LINES.program
      t.ok(lines.length <= most, `${heading}: ${lines.length} of ${language}`)
    }
  })
}

t.test('the index of the first page leads to each recipe of the others', async t => {
  const [first = '', ...others] = PAGES
  for (const page of others) {
    const [, line = ''] = new RegExp(`^- (.*\\(${page.replace('docs/', '')}.*)$`, 'm').exec(await pageOf(first)) ?? []
    const anchors = [...line.matchAll(/\([\w.-]+#(.*?)\)/g)].map(([, anchor]) => anchor)
    t.same(anchors, anchorsOf(await pageOf(page)).slice(1))
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
