import type { Found } from '../finding.ts'
import type { Case } from './case.ts'
import { type Answer, isHtml } from './outcome.ts'
import { versionFault } from './path.ts'
import { DBGPT_GUARDED, isPublicPath, type Place, variantOf } from './place.ts'
import { isEnvelope, type Server, serverOf } from './recognise.ts'
import type { ClientCode } from './texts.ts'

/** How other servers are told to ask for a key. */
const LINES: Readonly<Partial<Record<Server, string>>> = {
  vLLM: 'vllm serve … --api-key "$VLLM_API_KEY"',
  'llama.cpp': 'llama-server … --api-key-file keys.txt',
  LiteLLM: 'LITELLM_MASTER_KEY=sk-…',
  TGI: 'text-generation-launcher … --api-key "$API_KEY"'
}

/** Says what a server is that has asked for no key anywhere. */
export async function judgeOpen ({ show }: Pick<Case, 'show'>, path: string, { api }: Place, first: Answer): Promise<Found<ClientCode>[]> {
  const answer = api?.answer ?? first
  const [pathname = ''] = path.split('?')
  const isApi = api !== undefined || (first.status >= 200 && first.status < 300 && !isHtml(first))
  if (!isApi) return [judgeNone(pathname, first, show)]
  if (answer.body === '' && !isPublicPath(path)) return [{ code: 'answers_nothing', params: { status: answer.status } }]
  const wrong: Found<ClientCode>[] = first.status === 404 && pathname !== '/' && api?.path === variantOf(pathname) && api !== undefined
    ? [versionFault(pathname, api.path, show(api.path))]
    : []
  if (api?.path === DBGPT_GUARDED && isEnvelope(answer)) return [{ code: 'dbgpt_open' }, ...wrong]
  if (api === undefined && isPublicPath(path)) return [{ code: 'cannot_tell' }]
  const server = serverOf(first) ?? serverOf(answer)
  if (server === 'Ollama') return [{ code: 'ollama_open' }, ...wrong]
  if (server === 'DB-GPT') return [{ code: 'dbgpt_open' }, ...wrong]
  const line = server === undefined ? undefined : LINES[server]
  return [line === undefined ? { code: 'auth_off' } : { code: 'auth_off_other', params: { server: String(server), line } }, ...wrong]
}

function judgeNone (path: string, first: Answer, show: Case['show']): Found<ClientCode> {
  if (first.status === 404) return { code: 'path_wrong', params: { path: show(path) } }
  if (isHtml(first)) return { code: 'not_api' }
  return first.status >= 400 && first.status !== 405 ? { code: 'answer_unexpected', params: { status: first.status } } : { code: 'cannot_tell' }
}
