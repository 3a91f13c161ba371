import type {} from 'fastify'
import type {
  FastifyBaseLogger, FastifyReply, FastifyRequest, RawServerBase, RouteGenericInterface
} from 'fastify'

/**
 * Types that an application may have its own of: its key store, the metadata of its keys, and their scopes.
 *
 * @example
 * declare module 'fastify-dbgpt-auth' {
 *   interface ApiKeyTypes { store: FileKeyStore, metadata: { plan: 'free' | 'gold' }, scope: 'flows:read' | 'flows:write' }
 * }
 */
export interface ApiKeyTypes {}

/** JSON values of the application's own, as {@link ApiKeyTypes} has them. */
export type ApiKeyMetadata = ApiKeyTypes extends { metadata: infer Metadata } ? Metadata : Record<string, unknown>

/** What a key may be allowed to do, as {@link ApiKeyTypes} has it. */
export type ApiKeyScope = ApiKeyTypes extends { scope: infer Scope extends string } ? Scope : string

/** The key store that the plugin was registered with, as {@link ApiKeyTypes} has it. */
export type RegisteredKeyStore = ApiKeyTypes extends { store: infer Store } ? Store : KeyStore

/** What a record tells of a key: a new detail is a line here and one in `keys/fields.ts`, which the compiler asks for. */
export interface ApiKeyDetails {
  /** Who or what the key is for, 1 to 200 characters without control characters; it outlives rotation. */
  readonly name?: string | undefined
  /** When the key was made. */
  readonly createdAt?: Date | undefined
  /** The instant from which the key is rejected; undefined, it does not expire. */
  readonly expiresAt?: Date | undefined
  /** JSON values of the application's own. */
  readonly metadata?: Readonly<ApiKeyMetadata> | undefined
  /**
   * What the key may do, by at most 50 scope tokens (RFC 6749 §3.3: visible ASCII without `"` and `\`). With `[]` it may
   * use the routes that ask for no scope; undefined, all.
   */
  readonly scopes?: readonly ApiKeyScope[] | undefined
}

/** A key as a store keeps it: everything but its text. Records of this package's stores are frozen through and through. */
export interface ApiKey extends ApiKeyDetails {
  /** The first 16 hex digits of {@link ApiKey.digest}: safe to log for a key that is not weak. */
  readonly id: string
  /** The SHA-256 digest of the key's text, 64 lower-case hex digits. */
  readonly digest: string
}

/** Details as databases have them: null is undefined. */
export type NullableDetails = { readonly [Detail in keyof ApiKeyDetails]: ApiKeyDetails[Detail] | null }

/** A key as an application's own store may keep it. */
export type ApiKeyRow = Pick<ApiKey, 'id' | 'digest'> & NullableDetails

/** A key given in code, by its text or by its digest. */
export type ApiKeyInit = NullableDetails & (
  | {
    /** The text: 1 to 512 visible ASCII characters without a comma, or `sha256:` and a digest. */
    readonly key: string
    readonly digest?: undefined
  }
  | {
    /** The SHA-256 digest of the text, 64 hex digits in any case. */
    readonly digest: string
    readonly key?: undefined
  }
)

/** What a key store logs to. */
export type KeyStoreLog = Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>

/** What the plugin needs of a place that knows the keys, and all that an application's own must have. */
export interface KeyStore {
  /**
   * Looks a key up. An answer that is neither a record of this key nor nothing is answered 503, like a failure,
   * and so is a promise that does not settle within 5 seconds.
   *
   * @param digest - the SHA-256 digest of the key's text, 64 lower-case hex digits
   */
  find (digest: string): ApiKeyRow | null | undefined | Promise<ApiKeyRow | null | undefined>
  /**
   * Gets ready; called once at start-up, where its failure stops the application.
   *
   * @param log - the application's logger, for what happens to the store later on
   */
  open? (log?: KeyStoreLog): Promise<void>
  /** Lets go of what {@link KeyStore.open} took; called once when the application closes, and if opening takes too long. */
  close? (): Promise<void>
  /** How many keys it knows; told in the log line of the start-up. */
  readonly size?: number | undefined
  /**
   * Has a listener called after each change of the list of keys, whoever made it. The plugin logs what it is told;
   * and of a store that tells and has a `list` it asks for that once a minute, to log which keys have expired.
   *
   * @returns ends that
   */
  onChange? (listener: (changes: ApiKeyChanges) => void): () => void
  /** Tells, at once, how sure it is of its list of keys; told by metrics. */
  status? (): KeyStoreStatus
  /**
   * Is told of each check that has let a request in, where the option `usage` is on. Must return at once, and not throw.
   *
   * @param key - the record of the request's key
   */
  countUse? (key: ApiKey): void
}

/** How sure a store is that its list of keys is that of its source, a file or Redis. */
export interface KeyStoreStatus {
  /** Whether it is sure now; where it is not, keys may still pass for a while. */
  readonly up: boolean
  /** How long ago the source last confirmed the list, in milliseconds; Infinity, never. */
  readonly ageMs: number
}

/** A key store whose keys can be changed while it serves. */
export interface ManagedKeyStore extends KeyStore {
  /** Returns the records, expired ones included. */
  list (): Promise<ApiKey[]>
  /**
   * Adds a key.
   *
   * @param key - the record, as `createApiKey` makes it
   * @throws `FST_DBGPT_AUTH_KEY_EXISTS` if its id is taken
   */
  add (key: ApiKey, options?: ChangeOptions): Promise<void>
  /**
   * Sets when a key expires.
   *
   * @param id - the record's id, 16 hex digits
   * @param at - the instant from which the key is rejected
   * @returns false if there is no such key
   */
  expire (id: string, at: Date, options?: ChangeOptions): Promise<boolean>
  /**
   * Removes a key.
   *
   * @param id - the record's id, 16 hex digits
   * @returns false if there is no such key
   */
  revoke (id: string, options?: ChangeOptions): Promise<boolean>
  /**
   * Returns what was done to keys and by whom, the newest last. The file store and the Redis store have it.
   *
   * @param options - `limit`: how many entries at most, the newest; 10,000 if it is not given, and never more
   */
  history? (options?: { readonly limit?: number | undefined }): Promise<ApiKeyHistoryEntry[]>
  /**
   * Tells of the keys when they were last accepted and how often, as far as the option `usage` has had that counted.
   *
   * @param keys - of which keys, by their ids; all, if they are not given
   * @returns by ids, without the keys of which no use is known
   */
  usage (keys?: readonly Pick<ApiKey, 'id'>[]): Promise<ReadonlyMap<string, ApiKeyUsage>>
}

/** How a key was used, since its use is counted. */
export interface ApiKeyUsage {
  /** How often it was accepted. */
  readonly count: number
  /** When it was last accepted. What other processes have seen comes up to a minute late. */
  readonly lastUsedAt: Date
}

/** Who makes a change. */
export interface ChangeOptions {
  /**
   * A name for the history and the log, 1 to 200 characters without control characters.
   * @defaultValue `user@host`, of this process
   */
  readonly actor?: string | undefined
  /**
   * Is told where a key was revoked, and that could not be written to the history.
   * @defaultValue the log that the store was opened with, else a warning of the process
   */
  readonly warn?: ((message: string) => void) | undefined
}

/** What was done to keys, and by whom. */
export interface ApiKeyHistoryEntry {
  /** By the clock of Redis; of a file, by that of the machine which wrote to it. */
  readonly at: Date
  /** Who did it, as they said themselves: {@link ChangeOptions.actor}. */
  readonly actor: string
  readonly action: 'add' | 'update' | 'revoke'
  /** To which keys, most often one; where many are added at once, an entry has up to 500. Never a digest. */
  readonly keys: readonly Pick<ApiKey, 'id' | 'name'>[]
  /** Of an update: which details, from what to what, in JSON's values; of metadata only that they are others. */
  readonly changes?: Readonly<Record<string, { readonly from?: unknown, readonly to?: unknown }>> | undefined
  /** The change was to follow, and could not be made: of a file. */
  readonly failed?: true | undefined
}

/** What has changed in a list of keys, by records. */
export interface ApiKeyChanges {
  readonly added: readonly ApiKey[]
  /** As they are now. */
  readonly changed: readonly ApiKey[]
  /** As they were. */
  readonly revoked: readonly ApiKey[]
  /** Who made the changes, by ids of keys, as far as that is known. */
  readonly actors?: ReadonlyMap<string, string> | undefined
}

/** Why a request was rejected: `scope`, a good key lacks one (403); `unavailable`, the key store fails (503); else 401. */
export type RejectionReason = 'missing' | 'malformed' | 'unknown' | 'expired' | 'scope' | 'unavailable'

/** A body that a rejection can have: OpenAI's, FastAPI's (DB-GPT's model API server) or that of DB-GPT's web server. */
export type ErrorFormat = 'openai' | 'fastapi' | 'dbgpt'

/** What a formatter is told of a rejection. */
export interface RejectionInfo {
  readonly status: 401 | 403 | 503
  readonly reason: RejectionReason
  /** The option `message`; with the option `explain`, and without that one, what to do. */
  readonly message: string
  readonly type: 'invalid_request_error' | 'server_error'
  readonly code: 'invalid_api_key' | 'insufficient_scope' | 'key_store_unavailable'
}

/** Chooses a format for a rejection, or makes a body of its own, which is sent as JSON. */
export type ErrorFormatter = (
  rejection: RejectionInfo, request: FastifyRequest
) => ErrorFormat | (object & { readonly then?: never })

/** Takes a key from elsewhere than the Authorization header: its text, or the digest of a key checked earlier. */
export type GetKey = (request: FastifyRequest) => string | string[] | { readonly digest: string } | null | undefined

/** A Pino level, or `silent`. */
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'

/** What the plugin can be told in code. */
export interface DbgptAuthOptions {
  /**
   * The allowed keys, or the store that knows them. An empty array is "no keys".
   * @defaultValue what the environment names
   */
  keys?: readonly (string | ApiKeyInit)[] | KeyStore | undefined
  /**
   * Whether requests are checked: `auto` checks them where there are keys.
   * @defaultValue the variable `API_AUTH`, else `auto`
   */
  mode?: 'auto' | 'on' | 'off' | undefined
  /**
   * The environment; given, it alone is read.
   * @defaultValue `process.env`, and the file `.env` in the working directory
   */
  env?: Readonly<Record<string, string | undefined>> | undefined
  /**
   * The body of rejections.
   * @defaultValue `'openai'`
   */
  errorFormat?: ErrorFormat | ErrorFormatter | undefined
  /**
   * The message in the body of rejections, for every reason the same.
   * @defaultValue `''`, as DB-GPT has it; with `explain`, what to do
   */
  message?: string | undefined
  /**
   * The realm of the challenge (RFC 9110 §11.5): printable ASCII without `"` and `\`.
   * @defaultValue `'DB-GPT'`
   */
  realm?: string | undefined
  /**
   * Takes a key from elsewhere; the Authorization header serves where it returns nothing. Its errors are the app's own.
   * @defaultValue none
   */
  getKey?: GetKey | undefined
  /**
   * Whether the plugin adds its `onRequest` hook; without it, only `fastify.verifyApiKey` checks.
   * @defaultValue `true`
   */
  addHook?: boolean | undefined
  /**
   * The level of the log line of a 401 or 403; `silent` logs none. A 503 is always logged, as an error.
   * Not undefined, which Fastify's own register option of this name does not take.
   * @defaultValue `'info'`
   */
  logLevel?: LogLevel
  /**
   * Whether keys that can be guessed or look miswritten are taken, and without a warning.
   * @defaultValue `false`
   */
  allowWeakKeys?: boolean | undefined
  /**
   * Whether the key store counts how often each key is accepted, and when it last was.
   * @defaultValue the variable `API_KEYS_USAGE`, else `false`
   */
  usage?: boolean | undefined
  /**
   * Whether the message in the body of rejections says in one sentence what to do, by reason; the option `message`, if
   * it is given, wins.
   * @defaultValue the variable `API_AUTH_EXPLAIN`, else `false`: the bytes are DB-GPT's
   */
  explain?: boolean | undefined
}

/** The error that `fastify.verifyApiKey` passes on. */
export interface VerificationError extends Error {
  readonly code: 'FST_DBGPT_AUTH_UNAUTHORIZED' | 'FST_DBGPT_AUTH_INSUFFICIENT_SCOPE' | 'FST_DBGPT_AUTH_KEY_STORE_UNAVAILABLE'
  readonly statusCode: 401 | 403 | 503
  readonly reason: RejectionReason
  /** The headers of the answer, the challenge among them. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * Logs the rejection and answers it as the hook would have: for an error handler, in place of an answer of its own.
   *
   * @param reply - of the request that was rejected
   */
  readonly send: <Server extends RawServerBase>(reply: FastifyReply<RouteGenericInterface, Server>) => void
}

/**
 * Checks a request's credentials, and the scopes that its route asks for, and sends nothing: for `@fastify/auth`, or as a
 * hook of one's own. A route that is public or takes requests without credentials is no exception to it.
 */
export type VerifyApiKey = <Server extends RawServerBase>(
  request: FastifyRequest<RouteGenericInterface, Server>,
  reply: FastifyReply<RouteGenericInterface, Server>,
  done: (error?: VerificationError) => void
) => void

/** What a route asks of a key. */
export interface RouteScopes {
  /** 1 to 50 scopes, of which a key that has a list of scopes must have all. */
  readonly scopes: readonly ApiKeyScope[]
}

/** What the diagnostics channels `dbgpt-auth:accepted` and `dbgpt-auth:rejected` publish. */
export interface ApiKeyEvent {
  readonly request: FastifyRequest
  /** The record of the key; null where none was recognised. */
  readonly apiKey: ApiKey | null
  /** Why the request was rejected; null where it was not. */
  readonly reason: RejectionReason | null
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The key store, live. */
    apiKeys: RegisteredKeyStore
    /** Checks a request's credentials and sends nothing. */
    verifyApiKey: VerifyApiKey
  }

  interface FastifyRequest {
    /** The record of the key that the request came with; null without one. */
    apiKey: ApiKey | null
  }

  interface FastifyContextConfig {
    /**
     * `false`: the route is public. `'optional'`: it also takes requests without credentials. Else it is guarded, and with
     * `{ scopes }` takes keys that have these. An object of another shape refuses to start.
     */
    apiKey?: boolean | 'optional' | RouteScopes | undefined
  }
}
