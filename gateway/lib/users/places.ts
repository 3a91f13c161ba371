/** Where a route of DB-GPT is told by its caller who that is. */
export interface Place {
  /** Its path, decoded, in lower case and without a slash at the end. */
  readonly path: RegExp
  /** What is put into the query, and into the body, where it is missing: without it, DB-GPT answers with everybody's. */
  readonly query?: readonly string[]
  /** Undefined, the body is not looked at. */
  readonly body?: readonly string[]
  /** Names that mean the caller here, besides {@link NAMES}. */
  readonly also?: readonly string[]
  /** How deep in the body they are read; 1, in the object itself. */
  readonly depth?: number
  /** Whether bodies of other types than JSON are the route's own affair. */
  readonly isOpen?: boolean
}

/** What DB-GPT calls the caller, in queries and bodies. */
export const NAMES: readonly string[] = ['user_name', 'user_id', 'user_code']

const CONVERSATIONS = '/api/(v1/chat/dialogue|v[12]/serve/conversation)'
const AWEL = '/api/v[12]/serve/awel'

const PLACES: readonly Place[] = [
  { path: at(`${CONVERSATIONS}/(new|list|export_messages)`), query: ['user_name'] },
  { path: at(`${CONVERSATIONS}/(query|query_page)`), body: ['user_name'] },
  { path: at('/api/v1/chat/(completions|prepare|react-agent|knowledge-agent)'), body: [] },
  { path: at('/api/v2/chat/completions'), body: ['user_name'] },
  { path: at('/api/(v1/conv|v[12]/serve)/feedback/(add|update|cancel|query|query_page)'), body: ['user_code'] },
  { path: at('/api/v1/feedback/commit'), body: ['user_name'] },
  { path: at('/api/v2/serve/connectors'), query: ['user_name'], body: ['user_name'] },
  { path: at('/api/v2/serve/connectors/[^/]+'), body: [] },
  // The creator's name wins over the header, and owns the files of the task.
  { path: at('/api/v2/serve/scheduled-tasks'), body: [], also: ['creator_name'] },
  { path: at(`${AWEL}/(flows|variables)(/[^/]+)?`), body: [] },
  { path: at(`${AWEL}/flow/debug`), body: [], depth: 2 },
  { path: at('/api/v1/awel/trigger/.+'), body: [], isOpen: true },
  { path: at('(/api/v[12]/serve)?/prompt/.+'), body: [] },
  { path: at('/api/v1/app/list'), body: ['user_code'] },
  { path: at('/api/v1/(app|question)/.+'), body: [] },
  { path: at('/api/v2/serve/apps(/[^/]+)?'), body: [] },
  { path: at('/api/v1/serve/dbgpts/my(/.+)?'), body: [], also: ['user'] },
  { path: at('/api/v1/(personal/)?agent/(my|install|uninstall|upload)'), also: ['user'] },
  { path: at('/api/(v1|v2/serve)/evaluate/.+'), body: [] },
  { path: at('/api/(v1/worker|v2/serve/model)/models(/[^/]+)?'), body: [] }
]

/** Any other route: nothing is known of it. */
const ELSEWHERE: Place = { path: at('.*') }

/**
 * Returns where the route of a path is told who calls.
 *
 * @param path - as the caller wrote it, without its query
 */
export function placeOf (path: string): Place {
  // As it is sent on, and as DB-GPT's server decodes that: once, `%2F` too.
  const { pathname } = new URL(`http://dbgpt.invalid${path}`)
  const decoded = pathname.replace(/%([\da-f]{2})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
  const known = decoded.toLowerCase().replace(/\/+$/, '')
  return PLACES.find(place => place.path.test(known)) ?? ELSEWHERE
}

function at (path: string): RegExp {
  return new RegExp(`^${path}$`)
}
