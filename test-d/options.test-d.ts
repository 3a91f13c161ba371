// Checked by tsc and never run.
import type { FastifyRequest } from 'fastify'
import {
  type ApiKey, type ApiKeyInit, createApiKey, type DbgptAuthOptions, type ErrorFormatter, type GetKey, type KeyStore,
  type RejectionInfo
} from 'fastify-dbgpt-auth'
import { same } from './equals.ts'

const digest = createApiKey('a key').digest

// Every option may be left out, or be undefined; logLevel, which register() itself takes too, may only be left out.
export const none: DbgptAuthOptions = {}
export const unset: Required<Omit<DbgptAuthOptions, 'logLevel'>> = {
  keys: undefined,
  mode: undefined,
  env: undefined,
  errorFormat: undefined,
  message: undefined,
  realm: undefined,
  getKey: undefined,
  addHook: undefined,
  allowWeakKeys: undefined,
  usage: undefined,
  explain: undefined
}
export const set: Required<DbgptAuthOptions> = {
  keys: ['a key', { key: 'another', name: 'billing' }],
  mode: 'on',
  env: { API_KEYS: 'a key', API_AUTH: undefined },
  errorFormat: 'dbgpt',
  message: 'Ask for a key',
  realm: 'private',
  getKey: request => request.headers['x-api-key'],
  addHook: false,
  logLevel: 'silent',
  allowWeakKeys: true,
  usage: true,
  explain: true
}
export const fromProcess: DbgptAuthOptions = { env: process.env }
export const frozen: DbgptAuthOptions = { keys: Object.freeze(['a key'] as const) }

// @ts-expect-error There is no such mode.
export const badMode: DbgptAuthOptions = { mode: 'enabled' }
// @ts-expect-error There is no such format.
export const badFormat: DbgptAuthOptions = { errorFormat: 'xml' }
// @ts-expect-error There is no such level.
export const badLevel: DbgptAuthOptions = { logLevel: 'verbose' }
// @ts-expect-error There is no such option.
export const badName: DbgptAuthOptions = { allowWeakKey: true }
// @ts-expect-error A single key stands in an array, too.
export const badKeys: DbgptAuthOptions = { keys: 'a key' }
// @ts-expect-error An environment is text.
export const badEnv: DbgptAuthOptions = { env: { API_KEYS: ['a key'] } }

// A key is given by its text or by its digest, never by both.
export const inits: ApiKeyInit[] = [
  { key: 'a key' },
  { digest },
  { key: 'a key', digest: undefined },
  {
    digest,
    key: undefined,
    name: undefined,
    createdAt: undefined,
    expiresAt: undefined,
    metadata: undefined,
    scopes: undefined
  },
  { key: 'a key', name: 'billing', createdAt: new Date(), expiresAt: new Date(), metadata: { team: 7 }, scopes: ['flows:read'] },
  { digest, scopes: [] },
  { digest, scopes: null }
]
// @ts-expect-error Both.
export const both: ApiKeyInit = { key: 'a key', digest }
// @ts-expect-error Neither.
export const neither: ApiKeyInit = { name: 'billing' }
// @ts-expect-error A date is a Date.
export const isoDate: ApiKeyInit = { key: 'a key', expiresAt: '2030-01-01' }
// @ts-expect-error Scopes are a list.
export const oneScope: ApiKeyInit = { key: 'a key', scopes: 'flows:read' }
same<ReturnType<typeof createApiKey>, ApiKey>()
same<keyof ApiKey, 'id' | 'digest' | 'name' | 'createdAt' | 'expiresAt' | 'metadata' | 'scopes'>()

// A key store of one's own answers at once, or by promise.
class SyncStore implements KeyStore {
  find (digest: string): ApiKey | null {
    return digest === '' ? null : { id: digest.slice(0, 16), digest }
  }
}
class AsyncStore implements KeyStore {
  async find (digest: string): Promise<ApiKey | undefined> {
    return digest === '' ? undefined : createApiKey({ digest })
  }

  async open (): Promise<void> {}
  async close (): Promise<void> {}
}
class CountingStore extends SyncStore {
  countUse ({ id }: ApiKey): string {
    return id
  }
}
export const counting: DbgptAuthOptions = { keys: new CountingStore(), usage: true }
export const sync: DbgptAuthOptions = { keys: new SyncStore() }
export const async: DbgptAuthOptions = { keys: new AsyncStore() }
export const literal: DbgptAuthOptions = { keys: { find: () => undefined } }
// @ts-expect-error A key store finds.
export const blind: DbgptAuthOptions = { keys: { open: async () => {} } }
// @ts-expect-error A key store finds records.
export const yes: DbgptAuthOptions = { keys: { find: () => true } }

// A formatter names a format, or makes a body of its own.
export const byName: ErrorFormatter = (_rejection, request) => request.url.startsWith('/api/') ? 'dbgpt' : 'openai'
export const byBody: ErrorFormatter = ({ status, reason, message, type, code }) => ({ status, reason, message, type, code })
export const byEither: DbgptAuthOptions = {
  errorFormat (rejection, request) {
    same<typeof rejection, RejectionInfo>()
    same<typeof request, FastifyRequest>()
    return rejection.status === 503 ? 'fastapi' : { error: rejection.code }
  }
}
// @ts-expect-error A formatter answers at once.
export const byPromise: ErrorFormatter = async () => 'openai'
// @ts-expect-error There is no such format.
export const byOtherName: ErrorFormatter = () => 'xml'
same<RejectionInfo['status'], 401 | 403 | 503>()
same<RejectionInfo['reason'], 'missing' | 'malformed' | 'unknown' | 'expired' | 'scope' | 'unavailable'>()
same<RejectionInfo['type'], 'invalid_request_error' | 'server_error'>()
same<RejectionInfo['code'], 'invalid_api_key' | 'insufficient_scope' | 'key_store_unavailable'>()

// What getKey may return.
export const getters: GetKey[] = [
  () => 'a key', () => ['a key', 'another'], () => ({ digest }), () => null, () => undefined,
  request => request.headers['x-api-key']
]
// @ts-expect-error It returns the key at once.
export const getLater: GetKey = async () => 'a key'

/** A body may have a type of its own. */
interface Body { readonly error: { readonly code: string } }
export const byInterface: ErrorFormatter = ({ code }): Body => ({ error: { code } })
