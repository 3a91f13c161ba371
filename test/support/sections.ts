import { anchorsOf } from './links.ts'

export interface Snippet {
  /** The heading that it stands under. */
  readonly heading: string
  readonly language: string
  readonly code: string
}

/** What stands below a heading of a page, up to the next one. */
export interface Section {
  readonly heading: string
  /** How many `#` the heading has. */
  readonly level: number
  readonly anchor: string
  /** Its text without its snippets. */
  readonly prose: string
  readonly snippets: readonly Snippet[]
}

/** Reads the sections of a page, in its order. */
export function sectionsOf (text: string): Section[] {
  const sections: Array<Section & { prose: string, snippets: Snippet[] }> = []
  const anchors = anchorsOf(text)
  // Code is taken out first: a comment in it looks like a heading.
  for (const [, language, code = '', line = ''] of text.matchAll(/^```(\w*)\n(.*?)^```$|^([^\n]*)$/gms)) {
    const last = sections.at(-1)
    const [, marks, heading] = /^(#{1,6}) +(.*)$/.exec(line) ?? []
    if (marks !== undefined) {
      const anchor = anchors[sections.length] as string
      sections.push({ heading: withoutAnchor(heading as string), level: marks.length, anchor, prose: '', snippets: [] })
    } else if (last === undefined) {
      continue
    } else if (language === undefined) {
      last.prose += `${line}\n`
    } else {
      last.snippets.push({ heading: last.heading, language, code })
    }
  }
  return sections
}

function withoutAnchor (heading: string): string {
  return heading.replace(/ *<a id="[^"]*"><\/a>/, '')
}
