import type { KeyStoreLog } from '../../lib/types.ts'

/** What a store has logged. */
export interface LoggedLine {
  readonly level: string
  readonly message: string
  readonly fields: { readonly err?: Error, readonly keys?: number, readonly keyId?: string | null }
}

/** A logger that keeps its lines. */
export function makeLog (): { lines: LoggedLine[], log: KeyStoreLog } {
  const lines: LoggedLine[] = []
  const write = (level: string) => (fields: LoggedLine['fields'], message: string) => { lines.push({ level, fields, message }) }
  return { lines, log: { info: write('info'), warn: write('warn'), error: write('error') } as unknown as KeyStoreLog }
}
