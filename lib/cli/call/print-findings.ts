import type { Finding, Language } from '../../doctor/finding.ts'
import { showsColors } from './print.ts'
import type { Streams } from './types.ts'
import { visible } from './visible.ts'

const WORDS = {
  en: { error: 'error', warning: 'warning', fact: '', fix: 'fix: ', nothing: 'Nothing is wrong.' },
  zh: { error: '错误', warning: '警告', fact: '', fix: '处理：', nothing: '没有发现问题。' }
} as const satisfies Record<Language, Record<Finding['severity'] | 'fix' | 'nothing', string>>
const STYLES = { error: '\x1b[31m', warning: '\x1b[33m', fact: '' } as const

/** Writes how things are, and then what is wrong, each with what to do. */
export function printFindings (
  streams: Streams, facts: readonly Finding[], findings: readonly Finding[], language: Language
): void {
  const words = WORDS[language]
  const colors = showsColors(streams)
  const lines = facts.map(({ message }) => line(message))
  if (facts.length > 0) lines.push('')
  for (const { code, severity, message, fix } of findings) {
    const word = colors ? `${STYLES[severity]}${words[severity]}\x1b[0m` : words[severity]
    lines.push(`${word} ${code}: ${line(message)}`, `  ${words.fix}${line(fix)}`)
  }
  if (findings.length === 0) lines.push(words.nothing)
  streams.stdout.write(`${lines.join('\n')}\n`)
}

/** What comes of a name of more than a line must not look like a finding. */
function line (text: string): string {
  return visible(text.replaceAll(/\s*\n\s*/g, ' '))
}
