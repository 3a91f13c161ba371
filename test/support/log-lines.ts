import type { LogLine } from './app.ts'

interface Kept {
  readonly lines: LogLine[]
  readonly logger: { readonly level: string, readonly stream: { readonly write: (line: string) => void } }
}

/** A logger whose lines can be looked at, from `info` on. */
export function keepLog (): Kept {
  const lines: LogLine[] = []
  return { lines, logger: { level: 'info', stream: { write: line => { lines.push(JSON.parse(line)) } } } }
}
