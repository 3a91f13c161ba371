import type { ApiKey } from 'fastify-dbgpt-auth'

/** What a key with scopes must have for DB-GPT, on every path: lists of paths are where guards get bypassed. */
export const SCOPE = 'dbgpt'

/** Tells whether a key may be handed on to DB-GPT; its store may have null for what it lacks. */
export function reachesDbgpt ({ scopes }: { readonly scopes?: ApiKey['scopes'] | null }): boolean {
  return scopes == null || scopes.includes(SCOPE)
}
