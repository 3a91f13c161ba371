import type { LogLine } from './app.ts'
import type { Program } from './process.ts'

/** Returns what a server has logged but for refused requests: lines of the log are all that stands in its standard error. */
export function logOf ({ output }: Program): LogLine[] {
  const lines = output.stderr.split('\n').filter(line => line !== '').map(line => JSON.parse(line) as LogLine)
  return lines.filter(({ msg }) => msg !== 'API key rejected')
}
