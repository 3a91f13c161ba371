import type { KeyStoreLog } from '../../types.ts'
import type { Found } from '../finding.ts'
import type { ServerCode } from './texts.ts'

type Fields = { readonly code?: ServerCode, readonly keyId?: string | null }

/** A log that keeps what has a code, as a server would have logged it. */
export interface Collected {
  readonly log: KeyStoreLog
  readonly warnings: Found<ServerCode>[]
  /** The ids of keys whose records cannot be read. */
  readonly unreadable: string[]
}

/** Makes a log that nothing is written to. */
export function collect (): Collected {
  const [warnings, unreadable]: [Found<ServerCode>[], string[]] = [[], []]
  const warn = (fields: Fields | string, message = ''): void => {
    if (typeof fields === 'object' && fields.code !== undefined) warnings.push({ code: fields.code, params: { detail: message } })
  }
  const error = ({ code, keyId }: Fields): void => { if (code === 'key_unreadable') unreadable.push(keyId ?? 'ID') }
  return { log: { info: warn, warn, error } as unknown as KeyStoreLog, warnings, unreadable }
}
