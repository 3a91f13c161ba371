import type { Found } from '../finding.ts'
import type { ClientCode } from './texts.ts'

/** Where to look, and with what. */
export interface ClientQuestion {
  readonly url: string
  /** The key's text as it stands where it was found. */
  readonly key?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** The origin of a page that is to read the answers. */
  readonly origin?: string | undefined
  readonly timeoutMs?: number | undefined
}

/** Says what is found at a URL. A placeholder: it asks once, and knows a 401 alone. */
export async function examineClient ({ url, key, timeoutMs = 5000 }: ClientQuestion): Promise<Found<ClientCode>[]> {
  if (key === undefined) return []
  const headers = { authorization: `Bearer ${key.trim()}` }
  const { status } = await fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
  return status === 401 ? [{ code: 'key-unknown' }] : []
}
