import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Names the links of a page that lead nowhere: to no file, to no heading, or to an address that is none. */
export async function deadLinks (root: string, page: string): Promise<string[]> {
  const dead: string[] = []
  for (const link of linksOf(await readFile(join(root, page), 'utf8'))) {
    if (!await leadsSomewhere(root, page, link)) dead.push(`${page}: ${link}`)
  }
  return dead
}

/** Returns where the links of a page lead: those in a line, those that are defined apart, and bare addresses. */
export function linksOf (text: string): string[] {
  const prose = withoutCode(text)
  return [...prose.matchAll(/\]\(\s*([^)\s]*)[^)]*\)|^ {0,3}\[[^\]]+\]:\s*(\S+)|<(https?:[^>]*)>/gm)]
    .map(([, inline, defined, bare]) => inline ?? defined ?? bare ?? '')
}

/** Returns the anchors of the headings of a page: `<a id="…"></a>` in the heading, else what GitHub makes of its text. */
export function anchorsOf (text: string): string[] {
  const anchors: string[] = []
  for (const [, heading = ''] of text.replace(/^```.*?^```$/gms, '').matchAll(/^#{1,6} +(.*?) *#*$/gm)) {
    const [, explicit] = /<a id="([^"]*)"><\/a>/.exec(heading) ?? []
    const shown = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    const anchor = explicit ?? shown.toLowerCase().replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, '').replaceAll(' ', '-')
    const before = anchors.filter(each => each.replace(/-\d+$/, '') === anchor || each === anchor).length
    anchors.push(before === 0 ? anchor : `${anchor}-${before}`)
  }
  return anchors
}

async function leadsSomewhere (root: string, page: string, link: string): Promise<boolean> {
  if (/^[a-z][a-z\d+.-]*:/i.test(link)) return /^https:\/\/[a-z\d-]+(\.[a-z\d-]+)+(\/\S*)?$/i.test(link)
  const [path, anchor] = link.split('#') as [string, string?]
  const file = path === '' ? page : join(dirname(page), path)
  // What is above the root is not in the package.
  if (link === '' || file.startsWith('..') || !existsSync(join(root, file))) return false
  return anchor === undefined || anchorsOf(await readFile(join(root, file), 'utf8')).includes(anchor)
}

function withoutCode (text: string): string {
  return text.replace(/^```.*?^```$/gms, '').replace(/(`+)[^`].*?\1(?!`)/g, '')
}
