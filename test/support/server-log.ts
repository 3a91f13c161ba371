import type { LogLine } from './app.ts'
import type { Program } from './process.ts'

/**
 * Returns what a server has logged but for refused requests and changed keys: lines of the log are all that stands in
 * its standard error.
 */
export function logOf ({ output }: Program): LogLine[] {
  const lines = output.stderr.split('\n').filter(line => line !== '').map(line => JSON.parse(line) as LogLine)
  return lines.filter(({ msg }) => msg !== 'API key rejected' && !msg.startsWith('API keys: '))
}

export const LOST = 'The key feed is lost'

/** Returns the same, but for further reasons why the feed is still lost. */
export function newsOf (server: Program): LogLine[] {
  return logOf(server).filter(({ msg }, index, lines) => msg !== LOST || lines[index - 1]?.msg !== LOST)
}
