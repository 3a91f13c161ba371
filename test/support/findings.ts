import { CLIENT_TEXTS } from '../../lib/doctor/client/texts.ts'
import type { Entry, Language } from '../../lib/doctor/finding.ts'
import { SERVER_TEXTS } from '../../lib/doctor/server/texts.ts'
import { pageOf } from './documentation.ts'
import { sectionsOf } from './sections.ts'

/** What stands in English for a message that is the plugin's own. */
const DETAILS: Readonly<Record<string, string>> = {
  keys_weak: 'Keys can be guessed, outside production: {detail}',
  keys_miswritten: 'Keys look miswritten, outside production: {detail}',
  key_file_mounted: 'The key file is mounted by itself, so what replaces it outside is not seen: {detail}',
  key_file_locked: 'The key file cannot be locked: {detail}'
}

/** What doctor can find, by the anchor of the section of docs/errors.md that has it as a table. */
export const FINDINGS: Readonly<Record<string, readonly (readonly [code: string, entry: Entry])[]>> = {
  'what-doctor-says-of-a-server': Object.entries(SERVER_TEXTS).filter(([, { severity }]) => severity !== 'fact'),
  'what-doctor-says-of-a-url': Object.entries(CLIENT_TEXTS)
}

/** The rows of the table of findings, in their order. */
export function findingRows (anchor: string, language: Language): string[] {
  return (FINDINGS[anchor] ?? []).map(([code, entry]) => {
    const { message, fix } = entry[language]
    const own = /^\{detail\}/.test(message) ? DETAILS[code] ?? 'A server started here does not start: {detail}' : message
    return `| \`${code}\` | ${entry.severity} | ${cell(own)} | ${cell(fix)} |`
  })
}

/** The rows that a page has; `node --import=./scripts/typescript.mjs test/support/write-findings.ts` writes them. */
export async function documentedFindings (file: string, anchor: string): Promise<string[]> {
  const section = sectionsOf(await pageOf(file)).find(each => each.anchor === anchor)
  return section?.prose.match(/^\| `.*$/gm) ?? []
}

/** As Markdown: a `|` would end the cell, and `<key>` would be taken for HTML and vanish. */
function cell (text: string): string {
  return text.replace(/[.。]$/, '').replaceAll(/[|]|<(?=\p{L})/gu, '\\$&')
}
