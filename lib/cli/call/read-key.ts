import { setTimeout as pause } from 'node:timers/promises'
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
  const key = trimBlanks(await readText(stdin))
  if (isMistypedApiKey(key)) throw new FST_DBGPT_AUTH_KEY_INVALID(PLACE, 'its checksum is wrong, is it mistyped or cut short?')
  return { ...createApiKey(key, PLACE), mistake: mistakeOf(key) }
}

/**
 * Reads what is on standard input as it stands, as far as it could be a key.
 *
 * @param patienceMs - after which time what has come is taken for all; without it, the end is waited for
 * @throws `FST_DBGPT_AUTH_KEY_INVALID` if it is no text
 */
export async function readText (stdin: Streams['stdin'], patienceMs?: number): Promise<string> {
  if (stdin.isTTY === true) throw new UsageError('pipe the key in: a command that prints it, |, and this one')
  const chunks: Buffer[] = []
  const end = readAll(stdin, chunks)
  if (patienceMs === undefined) await end
  else {
    const enough = new AbortController()
    await Promise.race([end, pause(patienceMs, undefined, { signal: enough.signal })]).finally(() => enough.abort())
  }
  return decode(Buffer.concat(chunks))
}

async function readAll (stdin: Streams['stdin'], chunks: Buffer[]): Promise<void> {
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk))
    if (sizeOf(chunks) > MAX_BYTES) break
  }
}

function decode (bytes: Buffer): string {
  // A file that Windows PowerShell wrote.
  if (bytes.indexOf('\xff\xfe', 0, 'latin1') === 0) return bytes.toString('utf16le').replace(/^\ufeff/, '')
  return decodeText(bytes, problem => new FST_DBGPT_AUTH_KEY_INVALID(PLACE, problem))
}

function sizeOf (chunks: readonly Buffer[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0)
}
