import { dirname, join } from 'node:path/posix'
import { linksOf } from './links.ts'
import { type Section, sectionsOf } from './sections.ts'

/** A page of the documentation that there is in both languages, by its path in English. */
export interface Page {
  readonly page: string
  readonly english: string
  readonly chinese: string
}

/** What a command prints may be in the language of its page. */
const OUTPUT = /^(?!\$ ).*\n/gm

/** What is counted in a section, beside its snippets. */
const COUNTED = { rows: /^\|/gm, items: /^(?:-|\d+\.) /gm, marks: /^<!--/gm, paragraphs: /^(?!\||- |\d+\. |<!--)\S/gm }

/** Tells where a page is in Chinese. */
export function chineseOf (page: string): string {
  return page.startsWith('docs/') ? page.replace('docs/', 'docs/zh-CN/') : page.replace(/\.md$/, '.zh-CN.md')
}

/** Tells in which sections, and how, the page in Chinese is not the one in English. */
export function differences ({ page, english, chinese }: Page, translated: readonly string[]): string[] {
  const [there, here] = [readSections(english), readSections(chinese)]
  const [alone, shared] = apart(there, here)
  const [extra, others] = apart(here, there)
  const other = (section: Section): Section => others.find(({ anchor }) => anchor === section.anchor) as Section
  const pairs = shared.map(section => [section, other(section)] as const)
  const misplaced = others.find(({ anchor }, index) => anchor !== shared[index]?.anchor)
  return [
    ...alone.map(section => `${chineseOf(page)} lacks ${nameOf(section)}`),
    ...extra.map(section => `${page} lacks ${nameOf(section)}`),
    ...misplaced ? [`${chineseOf(page)}: ${nameOf(misplaced)} is elsewhere than in ${page}`] : [],
    ...pairs.flatMap(([section, other]) => [
      ...inSnippets(section, other),
      ...inProse(section, other),
      ...inBoth('link', linksIn(section, page, translated), linksIn(other, chineseOf(page), translated))
    ].map(fault => `${chineseOf(page)}: ${nameOf(other)} ${fault}`))
  ]
}

/** Reads the sections, as if the titles were the same in all languages, and without the line that leads to the other one. */
function readSections (text: string): Section[] {
  const [title, ...others] = sectionsOf(text.replace(/^.*\| .*简体中文.*$/m, ''))
  return title === undefined ? others : [{ ...title, anchor: '' }, ...others]
}

/** Parts the sections that are in one language alone from those that are in both. */
function apart (these: readonly Section[], those: readonly Section[]): [Section[], Section[]] {
  const anchors = new Set(those.map(({ anchor }) => anchor))
  return [these.filter(({ anchor }) => !anchors.has(anchor)), these.filter(({ anchor }) => anchors.has(anchor))]
}

function nameOf ({ heading, anchor }: Section): string {
  return `the section "${heading}" (#${anchor})`
}

function inSnippets (english: Section, chinese: Section): string[] {
  const codes = ({ snippets }: Section): string[] => snippets.map(({ language, code }) => `${language}\n${withoutComments(language === 'console' ? code.replace(OUTPUT, '') : code)}`)
  const [there, here] = [codes(english), codes(chinese)]
  return [...Array(Math.max(there.length, here.length)).keys()].filter(index => there[index] !== here[index])
    .map(index => `has another snippet ${index + 1} than in English, where it is ${JSON.stringify(english.snippets[index]?.code)}`)
}

function inProse (english: Section, chinese: Section): string[] {
  const levels = english.level === chinese.level ? [] : [`is of level ${chinese.level}, in English of ${english.level}`]
  const counts = Object.entries(COUNTED).flatMap(([name, pattern]) => {
    const [there, here] = [english, chinese].map(({ prose }) => prose.match(pattern)?.length ?? 0)
    return there === here ? [] : [`has ${here} ${name}, in English ${there}`]
  })
  return [...levels, ...counts, ...inBoth('code', spansOf(english), spansOf(chinese))]
}

function inBoth (name: string, there: readonly string[], here: readonly string[]): string[] {
  const missing = [...new Set(there)].filter(each => !here.includes(each))
  const extra = [...new Set(here)].filter(each => !there.includes(each))
  return [...missing.map(each => `lacks the ${name} ${each}`), ...extra.map(each => `has the ${name} ${each}, English has not`)]
}

/** What stands between backticks. */
function spansOf ({ prose }: Section): string[] {
  return [...prose.matchAll(/(`+)([^`].*?)\1(?!`)/g)].map(([, , code]) => (code as string).trim())
}

/** Where the links of a section lead, in English and from the root; one to English that could be to Chinese is marked. */
function linksIn ({ prose }: Section, page: string, translated: readonly string[]): string[] {
  return linksOf(prose).map(link => {
    const [path = '', anchor] = link.split('#')
    if (path.startsWith('https:')) return link
    const file = path === '' ? page : join(dirname(page), path)
    const inChinese = translated.find(each => chineseOf(each) === file)
    const stray = translated.includes(file) && !translated.includes(page)
    return `${stray ? 'the English ' : ''}${inChinese ?? file}${anchor === undefined ? '' : `#${anchor}`}`
  })
}

function withoutComments (code: string): string {
  return code.replace(/(^|\s)(?:\/\/|#) .*$/gm, '$1').replace(/[^\S\n]+$/gm, '')
}
