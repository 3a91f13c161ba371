import { dirname, join } from 'node:path/posix'
import { linksOf } from './links.ts'
import { type Section, sectionsOf } from './sections.ts'

/** A page of the documentation that there is in both languages, by its path in English. */
export interface Page {
  readonly page: string
  readonly english: string
  readonly chinese: string
}

/** What is counted in a section, beside its snippets. */
const COUNTED = { rows: /^\|/gm, items: /^(?:-|\d+\.) /gm, marks: /^<!--/gm, paragraphs: /^(?!\||- |\d+\. |<!--)\S/gm }

/** Tells where a page is in Chinese. */
export function chineseOf (page: string): string {
  return page.startsWith('docs/') ? page.replace('docs/', 'docs/zh-CN/') : page.replace(/\.md$/, '.zh-CN.md')
}

/** Tells in which sections, and how, the page in Chinese is not the one in English. */
export function differences ({ page, english, chinese }: Page, translated: readonly string[]): string[] {
  const there = readSections(english)
  const here = readSections(chinese)
  const shared = (these: Section[], those: Section[]): Section[] => these.filter(({ anchor }) => those.some(each => each.anchor === anchor))
  const pairs = shared(there, here).map(section => [section, here.find(({ anchor }) => anchor === section.anchor)] as [Section, Section])
  const misplaced = shared(here, there).find(({ anchor }, index) => anchor !== pairs[index]?.[0].anchor)
  return [
    ...there.filter(section => !shared(there, here).includes(section)).map(section => `${chineseOf(page)} lacks ${nameOf(section)}`),
    ...here.filter(section => !shared(here, there).includes(section)).map(section => `${page} lacks ${nameOf(section)}`),
    ...misplaced ? [`${chineseOf(page)}: ${nameOf(misplaced)} is elsewhere than in ${page}`] : [],
    ...pairs.flatMap(([section, other]) => [
      ...inSnippets(section, other),
      ...inProse(section, other),
      ...inBoth('link', linksIn(section, page, translated), linksIn(other, chineseOf(page), translated))
    ].map(fault => `${chineseOf(page)}: ${nameOf(other)} ${fault}`))
  ]
}

/** The titles of both pages go together, whatever they are, and the line that leads to the other language belongs to neither. */
function readSections (text: string): Section[] {
  return sectionsOf(text.replace(/^.*\| .*简体中文.*$/m, '')).map((section, index) => index === 0 ? { ...section, anchor: '' } : section)
}

function nameOf ({ heading, anchor }: Section): string {
  return `the section "${heading}" (#${anchor})`
}

function inSnippets (english: Section, chinese: Section): string[] {
  const [there, here] = [english, chinese].map(({ snippets }) => snippets.map(({ language, code }) => `${language}\n${withoutComments(code)}`))
  const longer = [...Array(Math.max(english.snippets.length, chinese.snippets.length)).keys()]
  return longer.filter(index => there?.[index] !== here?.[index])
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
  const missing = (those: readonly string[], these: readonly string[]): string[] => [...new Set(those)].filter(each => !these.includes(each))
  return [...missing(there, here).map(each => `lacks the ${name} ${each}`), ...missing(here, there).map(each => `has the ${name} ${each}, English has not`)]
}

/** What stands between backticks. */
function spansOf ({ prose }: Section): string[] {
  return [...prose.matchAll(/(`+)([^`].*?)\1(?!`)/g)].map(([, , code]) => (code as string).trim())
}

/** Where the links of a section lead, in English and as from the root; a page in Chinese leads to others in Chinese, where there are. */
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
