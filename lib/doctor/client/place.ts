import { randomBytes } from 'node:crypto'
import type { Asker } from './asker.ts'
import { type Answer, isAnswer, isHtml, isRefused } from './outcome.ts'

/** A route of DB-GPT's that its keys guard, and which its pages ask for. */
export const DBGPT_GUARDED = '/api/v2/serve/awel/flows'
/** One that every API of OpenAI's kind has. */
const MODELS = '/v1/models'
/** What only takes POST, and answers GET as if it were not there. */
const POSTED = /\/(?:(?:chat\/)?completions|embeddings|responses|rerank|moderations|messages|(?:audio|images)\/\w+)\/?$/
/** What is open by intention where the rest is not. */
const PUBLIC = /\/(?:health\w*|ready\w*|live\w*|ping|status|version|metrics|docs|openapi\.json|favicon\.ico|robots\.txt)\/?$/

/** Where a key can be tried. */
export interface Place {
  readonly path: string
  /** What a request without a key is answered there. */
  readonly answer: Answer
  /** What else has answered as an API, where nothing asks for a key. */
  readonly api?: { readonly path: string, readonly answer: Answer } | undefined
}

/** Looks for a place that asks for a key: the one that was named, an unknown one beside it, one that such servers have. */
export async function findPlace (asker: Asker, path: string, answer: Answer): Promise<Place> {
  if (isRefused(answer) || answer.status >= 500 || answer.status === 429) return { path, answer }
  const variant = variantOf(path)
  const variants = answer.status === 404 && variant !== undefined ? [variant] : []
  const others = [besides(path), ...variants, modelsOf(path), DBGPT_GUARDED]
  let api: Place['api']
  for (const other of others.filter(other => other !== path)) {
    const outcome = await asker.ask(other)
    if (!isAnswer(outcome)) break
    if (isRefused(outcome) && !isHtml(outcome)) return { path: other, answer: outcome }
    if (outcome.status >= 200 && outcome.status < 300 && !isHtml(outcome)) api ??= { path: other, answer: outcome }
  }
  return { path, answer, api }
}

/** Tells whether a path says nothing of its server where it is open. */
export function isPublicPath (path: string): boolean {
  return PUBLIC.test(path.replace(/\?.*/, ''))
}

/** Where the API that a path belongs to lists its models. */
function modelsOf (path: string): string {
  const base = baseOf(path)
  return /\/v\d+$/.test(base) ? `${base}/models` : MODELS
}

/** The base URL's path, if a path is one or of something that takes POST alone; else the path itself. */
export function baseOf (path: string): string {
  return path.replace(/\?.*/, '').replace(POSTED, '').replace(/\/$/, '')
}

/** A path that nothing is at: a guard of a whole server refuses it, too. */
function besides (path: string): string {
  const [pathname = ''] = path.split('?')
  const folder = /\/v\d+$/.test(pathname) ? `${pathname}/` : pathname.replace(/[^/]*$/, '')
  return `${folder}doctor-${randomBytes(6).toString('hex')}`
}

/** The same with `/v1` once; undefined, there is nothing to mend. */
export function variantOf (path: string): string | undefined {
  if (/\/v1\/v1(?=\/|$)/.test(path)) return path.replace(/\/v1\/v1(?=\/|$)/, '/v1')
  return path === '/' || /\/v\d+(?=\/|$)/.test(path) ? undefined : `/v1${path}`
}
