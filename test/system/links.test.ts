import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { ROOT } from '../support/build.ts'
import { makeTemporaryFolder } from '../support/files.ts'
import { anchorsOf, deadLinks, linksOf } from '../support/links.ts'
import { installPackages } from '../support/package.ts'

/** The pages below a folder, or in some folders below it. */
async function pagesIn (root: string, folders: readonly string[]): Promise<string[]> {
  const names = await Promise.all(folders.map(async folder => (await readdir(join(root, folder), { recursive: folder !== '.' }))
    .map(name => join(folder, name))))
  return names.flat().filter(name => name.endsWith('.md')).sort()
}

t.test('every link of the documentation leads somewhere', async t => {
  const pages = await pagesIn(ROOT, ['.', 'docs', 'benchmarks', 'gateway'])
  for (const name of ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', join('docs', 'recipes.md')]) t.ok(pages.includes(name), name)
  t.same((await Promise.all(pages.map(async page => await deadLinks(ROOT, page)))).flat(), [])
})

t.test('so does every link in the package, which holds all of docs', async t => {
  const root = join(await installPackages(t, ['fastify-dbgpt-auth']), 'node_modules', 'fastify-dbgpt-auth')
  const pages = await pagesIn(root, ['.', 'docs', 'benchmarks'])
  t.same(pages.filter(page => page.startsWith('docs')), await pagesIn(ROOT, ['docs']))
  for (const name of ['README.md', 'SECURITY.md']) t.ok(pages.includes(name), name)
  t.same((await Promise.all(pages.map(async page => await deadLinks(root, page)))).flat(), [])
})

t.test('a link that leads nowhere is found', async t => {
  const root = await makeTemporaryFolder(t)
  await mkdir(join(root, 'docs'))
  await writeFile(join(root, 'docs', 'other.md'), '# Other page\n\n## Twice\n\n## Twice\n\n## A `code` span, and [a link](x)\n')
  const good = [
    '#here', 'other.md', './other.md#other-page', 'other.md#twice', 'other.md#twice-1', 'other.md#a-code-span-and-a-link',
    '../docs/other.md', 'https://example.com', 'https://example.com/a?b#c'
  ]
  const dead = [
    '#there', 'another.md', 'other.md#other', 'other.md#twice-2', '../../outside.md', 'http://example.com', 'https://localhost',
    'https:/example.com', ''
  ]
  const text = [...good, ...dead].map(link => `[text](${link})`).join(' and\n')
  await writeFile(join(root, 'docs', 'page.md'), `# Here\n\n${text}\n`)
  t.same(await deadLinks(root, 'docs/page.md'), dead.map(link => `docs/page.md: ${link}`))
})

t.test('links are read from prose, in each of their forms, and not from code', async t => {
  t.same(linksOf([
    '[a](b.md "title") ![image](c.png)', '[d]: e.md', '<https://example.com>', '`[no](f.md)` ``[no`](f.md)``', '```js', '[no](g.md)', '```'
  ].join('\n')), ['b.md', 'c.png', 'e.md', 'https://example.com'])
  t.same(anchorsOf('# A\n```sh\n# no heading\n```\n## A\n## From @fastify/bearer-auth ##\n'), ['a', 'a-1', 'from-fastifybearer-auth'])
  t.same(anchorsOf('## 密钥\n## 权限范围 <a id="scopes"></a>\n'), ['密钥', 'scopes'])
})
