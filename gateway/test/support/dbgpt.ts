import type { IncomingHttpHeaders } from 'node:http'
import type { Test } from 'tap'
import { startServer } from './upstream.ts'

/** How a route learns who calls. */
type Identity = 'header' | readonly string[]

interface Route {
  readonly method: string
  readonly path: RegExp
  /** The header that is believed, or the parameters or members that are; of several, the first that says something. */
  readonly by: Identity
  readonly at: 'header' | 'query' | 'body'
  readonly does: 'write' | 'list' | 'delete'
  readonly kind: string
}

export interface Kept {
  readonly id: number
  readonly kind: string
  readonly owner: string | null
}

export interface DbGpt {
  readonly upstream: string
  /** What it has been given to keep, and for whom. */
  readonly kept: Kept[]
}

const BY_NAME = ['user_name', 'user_id']

/** One of each kind of route that takes an identity, as DB-GPT declares them. */
const ROUTES: readonly Route[] = [
  // The header wins over what the body says.
  route('POST', '/api/v1/chat/(completions|prepare|react-agent|knowledge-agent)', 'header', 'header', 'write', 'conversation'),
  route('POST', '/api/v2/chat/completions', ['user_name'], 'body', 'write', 'conversation'),
  route('POST', '/api/v1/chat/dialogue/new', BY_NAME, 'query', 'write', 'conversation'),
  route('GET', '/api/v1/chat/dialogue/(list|export_messages)', BY_NAME, 'query', 'list', 'conversation'),
  route('POST', '/api/v1/chat/dialogue/(query|query_page)', ['user_name'], 'body', 'list', 'conversation'),
  route('POST', '/api/v1/chat/share', 'header', 'header', 'write', 'share'),
  route('DELETE', '/api/v1/chat/share/\\d+', 'header', 'header', 'delete', 'share'),
  route('POST', '/api/v1/agent/files', 'header', 'header', 'write', 'file'),
  route('GET', '/api/v1/agent/files', 'header', 'header', 'list', 'file'),
  route('DELETE', '/api/v1/agent/files/\\d+', 'header', 'header', 'delete', 'file'),
  route('POST', '/api/v2/serve/file/files/[^/]+', ['user_name'], 'query', 'write', 'upload'),
  route('POST', '/api/v1/conv/feedback/(add|update)', ['user_code'], 'body', 'write', 'feedback'),
  route('POST', '/api/v1/conv/feedback/(query|query_page)', ['user_code'], 'body', 'list', 'feedback'),
  route('POST', '/api/v1/feedback/commit', ['user_name'], 'body', 'write', 'rating'),
  route('POST', '/api/v2/serve/connectors', ['user_name'], 'body', 'write', 'connector'),
  route('GET', '/api/v2/serve/connectors', ['user_name'], 'query', 'list', 'connector'),
  route('POST', '/api/v2/serve/scheduled-tasks', ['creator_name'], 'body', 'write', 'task'),
  route('POST', '/api/v[12]/serve/awel/flows', ['user_name'], 'body', 'write', 'flow'),
  route('PUT', '/api/v[12]/serve/awel/flows/\\d+', ['user_name'], 'body', 'write', 'flow'),
  route('POST', '/api/v[12]/serve/awel/variables', ['user_name'], 'body', 'write', 'variable'),
  route('GET', '/api/v[12]/serve/awel/(chat/)?flows', ['user_name'], 'query', 'list', 'flow'),
  route('GET', '/api/v[12]/serve/awel/flow/export/\\d+', ['user_name'], 'query', 'list', 'flow'),
  route('POST', '/api/v1/awel/trigger/.+', ['user_name'], 'body', 'write', 'flow run'),
  route('POST', '/prompt/(add|update)', ['user_name'], 'body', 'write', 'prompt'),
  route('POST', '/prompt/(list|query_page)', ['user_name'], 'body', 'list', 'prompt'),
  route('POST', '/api/v1/app/create', 'header', 'header', 'write', 'app'),
  route('POST', '/api/v1/app/list', ['user_code'], 'body', 'list', 'collected app'),
  route('POST', '/api/v2/serve/apps', ['user_code'], 'body', 'write', 'app'),
  route('DELETE', '/api/v2/serve/apps/\\d+', ['user_code'], 'query', 'delete', 'app'),
  route('POST', '/api/v1/evaluate/evaluation', BY_NAME, 'body', 'write', 'evaluation'),
  route('POST', '/api/v1/agent/install', ['user'], 'query', 'write', 'plugin'),
  route('POST', '/api/v1/agent/my', ['user'], 'query', 'list', 'plugin'),
  route('POST', '/api/v1/worker/models/start', ['user_name'], 'body', 'write', 'model')
]

function route (method: string, path: string, by: Identity, at: Route['at'], does: Route['does'], kind: string): Route {
  return { method, path: new RegExp(`^${path}$`), by, at, does, kind }
}

/** Starts a DB-GPT in small: it believes what its routes are told of who calls, as the real one does. */
export async function startDbGpt (t: Test): Promise<DbGpt> {
  const kept: Kept[] = []
  const { upstream } = await startServer(t, async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const [target = '', query = ''] = (request.url ?? '').split('#', 1)[0]?.split(/\?(.*)/s) ?? []
    const path = decodeURIComponent(target)
    const found = ROUTES.find(route => route.method === request.method && route.path.test(path))
    const said = found && saidOf(found, request.headers, query, Buffer.concat(chunks))
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    if (found === undefined) return answer(404, { detail: 'Not Found' })
    if (said === undefined) return answer(422, { detail: 'Unprocessable Entity' })
    // Who calls without a header is `001`; who says nothing elsewhere, nobody: then a list is everybody's.
    const who = said ?? (found.by === 'header' ? '001' : null)
    if (found.does === 'write') {
      const record = { id: kept.length, kind: found.kind, owner: who }
      kept.push(record)
      return answer(200, record)
    }
    const own = kept.filter(({ kind, owner }) => kind === found.kind && (who === null || owner === who))
    if (found.does === 'list') return answer(200, own)
    const record = own.find(({ id }) => id === Number(path.split('/').at(-1)))
    if (record === undefined) return answer(403, { detail: 'Not the owner' })
    kept.splice(kept.indexOf(record), 1, { ...record, kind: 'deleted' })
    answer(200, record)
  })
  return { upstream, kept }
}

/** What a request says of its caller; null, nothing; undefined, it is no request that the route takes. */
function saidOf ({ by, at }: Route, headers: IncomingHttpHeaders, query: string, body: Buffer): string | null | undefined {
  if (by === 'header') return String(headers['user-id'] ?? '').split(', ')[0] || null
  let members: Record<string, unknown>
  if (at === 'query') {
    members = Object.fromEntries(new URLSearchParams(query)) // of several, the last
  } else {
    const type = headers['content-type']
    if (type !== undefined && !/^application\/(.*\+)?json\b/i.test(type)) return undefined
    try {
      members = JSON.parse(decode(body)) as Record<string, unknown>
    } catch {
      return undefined
    }
  }
  const said = by.map(name => members[name]).find(Boolean)
  return said === undefined ? null : String(said)
}

/** As Python's json.loads does: by the zeros among the first bytes. */
function decode (body: Buffer): string {
  const isUtf16 = body[1] === 0 || (body[0] === 0xff && body[1] === 0xfe)
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(body)
}
