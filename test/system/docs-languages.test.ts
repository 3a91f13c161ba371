import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, relative } from 'node:path/posix'
import t from 'tap'
import { pageOf } from '../support/documentation.ts'
import { chineseOf, differences } from '../support/languages.ts'

/** The pages that are in Chinese, too, by their paths in English. */
const translated = ['README.md', ...(await readdir('docs/zh-CN')).map(name => `docs/${name}`)].sort()

t.test('what the readers of DB-GPT\'s community need is there in Chinese', async t => {
  t.same(translated, ['README.md', 'docs/dbgpt-401.md', 'docs/errors.md', 'docs/gateway.md', 'docs/key-management.md'])
  for (const page of translated) t.ok(existsSync(page), page)
})

for (const page of translated) {
  t.test(`${page} says the same in both languages`, async t => {
    const [english, chinese] = await Promise.all([pageOf(page), pageOf(chineseOf(page))])
    t.same(differences({ page, english, chinese }, translated), [])
  })

  t.test(`${page} and its Chinese lead to each other, below their titles`, async t => {
    const [english, chinese] = await Promise.all([pageOf(page), pageOf(chineseOf(page))])
    const way = (from: string, to: string): string => relative(dirname(from), to)
    t.equal(english.split('\n')[2], `English | [简体中文](${way(page, chineseOf(page))})`)
    t.equal(chinese.split('\n')[2], `[English](${way(chineseOf(page), page)}) | 简体中文`)
  })
}

const ENGLISH = [
  '# Title', '', 'English | [简体中文](zh-CN/a.md)', '', 'See [b](b.md#x).', '', '## One', '', '- `code`', '', '```js', 'run() // does it', '```',
  '', '## Two', '', '| a | b |', '', '<!-- mark -->', ''
].join('\n')
const CHINESE = [
  '# 标题', '', '[English](../a.md) | 简体中文', '', '参见 [b](b.md#x)。', '', '## 一 <a id="one"></a>', '', '- 这是 `code`', '', '```js',
  'run() // 运行', '```', '', '## 二 <a id="two"></a>', '', '| 甲 | 乙 |', '', '<!-- mark -->', ''
].join('\n')
const PAGES = ['docs/a.md', 'docs/b.md']

t.test('what is the same but for its language is no difference', async t => {
  t.same(differences({ page: 'docs/a.md', english: ENGLISH, chinese: CHINESE }, PAGES), [])
})

t.test('what a command prints may be in another language, the command may not', async t => {
  const english = `${ENGLISH}\n\`\`\`console\n$ say it\nDone\n\`\`\`\n`
  const chinese = `${CHINESE}\n\`\`\`console\n$ say it\n完成\n\`\`\`\n`
  t.same(differences({ page: 'docs/a.md', english, chinese }, PAGES), [])
  t.match(differences({ page: 'docs/a.md', english, chinese: chinese.replace('say', 'tell') }, PAGES), [/another snippet 1/])
})

const ONE = 'docs/zh-CN/a.md: the section "一" (#one)'
const TWO = 'docs/zh-CN/a.md: the section "二" (#two)'
for (const [what, from, to, ...expected] of [
  ['a section that is missing', /## 二[^]*/, '', 'docs/zh-CN/a.md lacks the section "Two" (#two)'],
  ['a section too much', /$/, '## 三 <a id="three"></a>\n', 'docs/a.md lacks the section "三" (#three)'],
  ['an anchor that is missing', ' <a id="two"></a>', '', 'docs/zh-CN/a.md lacks the section "Two" (#two)', 'docs/a.md lacks the section "二" (#二)'],
  ['another level', '## 二', '### 二', `${TWO} is of level 3, in English of 2`],
  ['other code', 'run()', 'walk()', `${ONE} has another snippet 1 than in English, where it is "run() // does it\\n"`],
  ['a snippet too much', '## 二', '```sh\nls\n```\n\n## 二', `${ONE} has another snippet 2 than in English, where it is undefined`],
  ['a code span that is missing', '这是 `code`', '这是', `${ONE} lacks the code code`],
  ['a row that is missing', '| 甲 | 乙 |\n', '', `${TWO} has 0 rows, in English 1`],
  ['an item too much', '- 这是', '- 另外\n- 这是', `${ONE} has 2 items, in English 1`],
  ['a place to fill in that is missing', '<!-- mark -->\n', '', `${TWO} has 0 marks, in English 1`],
  ['a paragraph too much', '- 这是', '另外。\n\n- 这是', `${ONE} has 1 paragraphs, in English 0`],
  ['another link', 'b.md#x', 'b.md#y', 'docs/zh-CN/a.md: the section "标题" (#) lacks the link docs/b.md#x', 'docs/zh-CN/a.md: the section "标题" (#) has the link docs/b.md#y, English has not'],
  ['a link to English', 'b.md#x', '../b.md#x', 'docs/zh-CN/a.md: the section "标题" (#) lacks the link docs/b.md#x', 'docs/zh-CN/a.md: the section "标题" (#) has the link the English docs/b.md#x, English has not']
] as const) {
  t.test(`found is ${what}`, async t => {
    const chinese = CHINESE.replace(from, to)
    t.not(chinese, CHINESE)
    t.same(differences({ page: 'docs/a.md', english: ENGLISH, chinese }, PAGES), expected)
  })
}

t.test('sections in another order are found', async t => {
  const [top, one, two] = CHINESE.split(/^(?=## )/m)
  const found = differences({ page: 'docs/a.md', english: ENGLISH, chinese: [top, two, one].join('') }, PAGES)
  t.same(found, [`${TWO} is elsewhere than in docs/a.md`])
})
