import type { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'

/** How much of a body is kept in memory. */
export const BODY_LIMIT = 1_048_576

/** Why a body that says who calls cannot be handed on. */
export interface Fault {
  readonly status: number
  readonly code: string
  readonly message: string
}

const TOO_LARGE: Fault = {
  status: 413, code: 'body_too_large', message: 'The body of this route says who calls, so the gateway reads it: it may have 1 MiB at most'
}
const COMPRESSED: Fault = {
  status: 415, code: 'body_compressed', message: 'The body of this route says who calls, so the gateway reads it: it must not be compressed'
}
const NO_JSON: Fault = {
  status: 400, code: 'body_not_json', message: 'The body of this route says who calls, so the gateway reads it: it must be JSON in UTF-8'
}

/**
 * Reads a body that must be JSON.
 *
 * @param request - the request, whose body is still a stream
 * @returns its text, blank if there is none; or what is wrong with it
 */
export async function readJson ({ headers, body }: FastifyRequest): Promise<string | Fault> {
  if (!/^(identity)?$/i.test(headers['content-encoding']?.trim() ?? '')) return COMPRESSED
  if (Number(headers['content-length'] ?? 0) > BODY_LIMIT) return TOO_LARGE
  const chunks: Buffer[] = []
  let size = 0
  try {
    // Not destroyed halfway: the connection is still needed for the answer.
    for await (const chunk of (body as Readable).iterator({ destroyOnReturn: false })) {
      size += (chunk as Buffer).length
      if (size > BODY_LIMIT) return TOO_LARGE
      chunks.push(chunk as Buffer)
    }
    // Python would read UTF-16 and UTF-32, too.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
    if (text !== '') JSON.parse(text)
    return text
  } catch {
    return NO_JSON
  }
}
