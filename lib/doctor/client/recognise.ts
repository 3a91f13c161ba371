import type { ErrorFormat } from '../../types.ts'
import { challengeOf } from './challenge.ts'
import { type Answer, headerOf, jsonOf } from './outcome.ts'

/** Whose answer it is. */
export type Server = 'fastify-dbgpt-auth' | 'DB-GPT' | 'DB-GPT model API' | 'vLLM' | 'LiteLLM' | 'OpenAI' | 'Azure OpenAI' | 'Anthropic' | 'llama.cpp' | 'Ollama' | 'TGI' | 'FastAPI'

interface ErrorBody {
  readonly message?: unknown
  readonly type?: unknown
  readonly code?: unknown
}

/** Recognises a format of an error. */
export function formatOf (answer: Answer): ErrorFormat | undefined {
  const body = jsonOf(answer)
  if (body === undefined) return undefined
  if (body['success'] === false && 'err_code' in body && 'err_msg' in body) return 'dbgpt'
  if (isError(body['error'])) return 'openai'
  const { detail } = body
  return typeof detail === 'object' && detail !== null && 'error' in detail && isError(detail.error) ? 'fastapi' : undefined
}

/** Returns what an error says, in whichever format. */
export function errorOf (answer: Answer): { readonly message: string, readonly type: string, readonly code: string } {
  const body = jsonOf(answer) ?? {}
  const { detail } = body
  const nested = typeof detail === 'object' && detail !== null ? detail as Record<string, unknown> : body
  const error = (isError(nested['error']) ? nested['error'] : body) as ErrorBody
  const written = typeof body['err_msg'] === 'string' ? body['err_msg'] : undefined
  const pick = (name: string): string | undefined => new RegExp(`'${name}': '([^']*)'`).exec(written ?? '')?.[1]
  return {
    message: pick('message') ?? written ?? textOf(error.message ?? detail ?? nested['error']),
    type: pick('type') ?? textOf(error.type),
    code: pick('code') ?? textOf(error.code ?? body['err_code'])
  }
}

/** Recognises a server by how it refuses, or answers. */
export function serverOf (answer: Answer): Server | undefined {
  const { message, type, code } = errorOf(answer)
  const format = formatOf(answer)
  const { scheme, error, description } = challengeOf(answer)
  if ('x-litellm-version' in answer.headers || 'x-litellm-call-id' in answer.headers || /litellm/i.test(message) || type === 'auth_error') return 'LiteLLM'
  if ('openai-version' in answer.headers || 'openai-processing-ms' in answer.headers || message.includes('platform.openai.com')) return 'OpenAI'
  if (type === 'authentication_error' && message.includes('x-api-key')) return 'Anthropic'
  if (headerOf(answer, 'server') === 'llama.cpp' || /"owned_by":\s*"llamacpp"/.test(answer.body) || (type === 'authentication_error' && code === '401')) return 'llama.cpp'
  if (/invalid subscription key/i.test(message)) return 'Azure OpenAI'
  if (/^\s*\{"error":\s*"Unauthorized"\}\s*$/.test(answer.body) || /"owned_by":\s*"vllm"/.test(answer.body)) return 'vLLM'
  if (/^Ollama is running|"owned_by":\s*"library"/.test(answer.body)) return 'Ollama'
  if ('x-compute-type' in answer.headers) return 'TGI'
  const isOurs = scheme === 'bearer' && ((code === 'invalid_api_key' && type === 'invalid_request_error') || /^The API key /.test(description) ||
    (error === 'insufficient_scope' && code === 'insufficient_scope'))
  if (isOurs) return 'fastify-dbgpt-auth'
  // DB-GPT sends no challenge.
  if (format === 'dbgpt') return 'DB-GPT'
  if (format === 'fastapi' && code === 'invalid_api_key') return 'DB-GPT model API'
  if (scheme !== '' && typeof jsonOf(answer)?.['detail'] === 'string') return 'FastAPI'
  return isEnvelope(answer) ? 'DB-GPT' : undefined
}

/** DB-GPT wraps each answer of its API so. */
export function isEnvelope (answer: Answer): boolean {
  const body = jsonOf(answer)
  return body !== undefined && typeof body['success'] === 'boolean' && 'err_code' in body && 'data' in body
}

function isError (value: unknown): value is ErrorBody {
  return typeof value === 'object' && value !== null && 'message' in value
}

function textOf (value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
