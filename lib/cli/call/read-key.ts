import { createApiKey } from '../../keys/api-key.ts'
import { isMistypedApiKey } from '../../keys/generate.ts'
import { trimBlanks } from '../../keys/key-list.ts'
import { mistakeOf } from '../../keys/miswritten.ts'
import { decodeText } from '../../keys/text.ts'
import { FST_DBGPT_AUTH_KEY_INVALID } from '../../errors.ts'
import type { ApiKey } from '../../types.ts'
import { UsageError } from './options.ts'
import type { Streams } from './types.ts'

const PLACE = 'What is on standard input'
/** More than any key takes, in whatever encoding. */
const MAX_BYTES = 4096

/**
 * Reads one key from standard input.
 *
 * @returns its record, without details, and how it was most likely miswritten
 * @throws `FST_DBGPT_AUTH_KEY_INVALID`, without a word of what was read
 */
export async function readKey (stdin: Streams['stdin']): Promise<ApiKey & { readonly mistake: string | undefined }> {
  if (stdin.isTTY === true) throw new UsageError('pipe the key into --stdin: a command that prints it, |, and this one')
  const chunks: Buffer[] = []
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk))
    if (sizeOf(chunks) > MAX_BYTES) break
  }
  const key = trimBlanks(decode(Buffer.concat(chunks)))
  if (isMistypedApiKey(key)) throw new FST_DBGPT_AUTH_KEY_INVALID(PLACE, 'its checksum is wrong, is it mistyped or cut short?')
  return { ...createApiKey(key, PLACE), mistake: mistakeOf(key) }
}

function decode (bytes: Buffer): string {
  // A file that Windows PowerShell wrote.
  if (bytes.indexOf('\xff\xfe', 0, 'latin1') === 0) return bytes.toString('utf16le').replace(/^\ufeff/, '')
  return decodeText(bytes, problem => new FST_DBGPT_AUTH_KEY_INVALID(PLACE, problem))
}

function sizeOf (chunks: readonly Buffer[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0)
}
