import fastifyEnv from '@fastify/env'
import Fastify from 'fastify'
import { corsOriginsOf, isCorsOrigin } from './door/cors.ts'
import { isKeyHeader } from './door/key-header.ts'
import { readDotenv } from './dotenv.ts'

/** The gateway's own variables; the plugin reads its own beside them. */
export interface Settings {
  readonly HOST: string
  readonly PORT: number
  /** DB-GPT's address; blank, a small stand-in is started. */
  readonly DBGPT_URL: string
  /** The key that DB-GPT asks for; blank, it gets none. */
  readonly DBGPT_API_KEY: string
  /** `on`, each key is a user of DB-GPT; `off`, callers say who they are. */
  readonly DBGPT_USERS: string
  /** Whether DB-GPT's pages get a way to log out, `on` or `off`. */
  readonly GATEWAY_BADGE: string
  /** Whether refusals say what to do, `on` or `off`; the plugin's own default is `off`. */
  readonly API_AUTH_EXPLAIN: string
  /** Signs session cookies; blank, a random one is made at each start. */
  readonly SESSION_SECRET: string
  /** Which proxies may say who the client is. */
  readonly TRUST_PROXY: string
  /** How long `/ready` says at SIGTERM that the gateway is about to end, before it stops listening. */
  readonly DRAIN_SECONDS: number
  /** Where sessions are kept, too; blank, in memory. */
  readonly API_KEYS_REDIS_URL: string
  readonly NODE_ENV: string
  /** The origins whose pages may call with a key. */
  readonly CORS_ORIGINS: string
  /** A header for keys beside Authorization. */
  readonly KEY_HEADER: string
  /** Where metrics are served; no port, nowhere. */
  readonly METRICS_HOST: string
  readonly METRICS_PORT?: number | undefined
  /** Whether requests are counted by key, `on` or `off`. */
  readonly METRICS_PER_KEY: string
}

const schema = {
  type: 'object',
  properties: {
    HOST: { type: 'string', default: '127.0.0.1' },
    PORT: { type: 'integer', minimum: 0, maximum: 65535, default: 3000 },
    DBGPT_URL: { type: 'string', pattern: '^(https?://[^/?#@\\s]+/?)?$', default: '' },
    DBGPT_API_KEY: { type: 'string', pattern: '^[\\x21-\\x7e]*$', default: '' },
    DBGPT_USERS: { type: 'string', pattern: '^(on|off)$', default: 'on' },
    GATEWAY_BADGE: { type: 'string', pattern: '^(on|off)$', default: 'on' },
    API_AUTH_EXPLAIN: { type: 'string', pattern: '^(on|off)$', default: 'on' },
    SESSION_SECRET: { type: 'string', pattern: '^(.{32,})?$', default: '' },
    TRUST_PROXY: { type: 'string', pattern: '^[0-9A-Za-z.:/, ]*$', default: '' },
    DRAIN_SECONDS: { type: 'integer', minimum: 0, maximum: 3600, default: 0 },
    // The plugin checks these.
    API_KEYS_REDIS_URL: { type: 'string', default: '' },
    NODE_ENV: { type: 'string', default: '' },
    CORS_ORIGINS: { type: 'string', default: '' },
    KEY_HEADER: { type: 'string', default: '' },
    METRICS_HOST: { type: 'string', default: '127.0.0.1' },
    METRICS_PORT: { type: 'integer', minimum: 0, maximum: 65535 },
    METRICS_PER_KEY: { type: 'string', pattern: '^(on|off)$', default: 'off' }
  }
}

/** What each variable must be, for a message that does not show its value. */
const EXPECTED: Readonly<Record<string, string>> = {
  PORT: 'a number from 0 to 65535',
  DBGPT_URL: 'a URL without a path, such as http://127.0.0.1:5670, and not the gateway\'s own',
  DBGPT_API_KEY: 'a key without blanks',
  DBGPT_USERS: 'on or off',
  GATEWAY_BADGE: 'on or off',
  API_AUTH_EXPLAIN: 'on or off',
  SESSION_SECRET: 'at least 32 characters',
  TRUST_PROXY: 'true, a number of proxies, or their addresses separated by commas',
  DRAIN_SECONDS: 'a number from 0 to 3600',
  CORS_ORIGINS: 'origins such as https://app.example.com, separated by commas, or *',
  KEY_HEADER: 'the name of a header, such as X-API-Key',
  METRICS_PORT: 'a number from 0 to 65535, and another than PORT',
  METRICS_PER_KEY: 'on or off'
}

/**
 * Reads the variables of the process, and those of `.env` that it does not have. A blank one is an unset one.
 *
 * @param variables - the process's variables
 * @throws an error that names the variable and what it must be, without its value
 */
export async function readSettings (variables: Readonly<NodeJS.ProcessEnv> = process.env): Promise<Settings> {
  const names = Object.keys(schema.properties)
  const written = readDotenv(names)
  const valueOf = (name: string): string | undefined => variables[name]?.trim() || written[name]?.trim()
  const data = Object.fromEntries(names.map(name => [name, valueOf(name)]).filter(([, value]) => value))
  const reader = Fastify()
  try {
    await reader.register(fastifyEnv, { schema, data, env: false }).then(() => {}, hideValue)
    const settings = { ...reader.getEnvs<Settings>() }
    if (settings.DBGPT_URL !== '' && !isElsewhere(settings)) throw wrong('DBGPT_URL')
    if (!isTrustProxy(settings.TRUST_PROXY)) throw wrong('TRUST_PROXY')
    if (!corsOriginsOf(settings.CORS_ORIGINS).every(isCorsOrigin)) throw wrong('CORS_ORIGINS')
    if (!isKeyHeader(settings.KEY_HEADER)) throw wrong('KEY_HEADER')
    if (settings.METRICS_PORT === settings.PORT && settings.PORT !== 0) throw wrong('METRICS_PORT')
    return settings
  } finally {
    await reader.close()
  }
}

/**
 * Returns what Fastify calls `trustProxy`.
 *
 * @param setting - `TRUST_PROXY`
 */
export function trustProxyOf (setting: string): boolean | string[] | ((address: string, hop: number) => boolean) {
  if (setting === '' || setting === 'false') return false
  if (setting === 'true') return true
  if (/^\d+$/.test(setting)) return (_address, hop) => hop < Number(setting)
  return setting.split(',').map(address => address.trim())
}

/** Tells whether DB-GPT's address is one, and not the gateway's, which would ask itself until its memory is full. */
function isElsewhere ({ HOST, PORT, DBGPT_URL }: Settings): boolean {
  if (!URL.canParse(DBGPT_URL)) return false
  const { protocol, hostname, port } = new URL(DBGPT_URL)
  if (protocol !== 'http:' || Number(port || 80) !== PORT) return true
  const hearsLoopback = ['127.0.0.1', 'localhost', '0.0.0.0', '::'].includes(HOST)
  return hostname !== HOST && !(hearsLoopback && ['127.0.0.1', 'localhost'].includes(hostname))
}

function isTrustProxy (setting: string): boolean {
  try {
    return Boolean(Fastify({ trustProxy: trustProxyOf(setting) }))
  } catch {
    return false
  }
}

/** Throws an error of the schema's in words of this file. */
function hideValue ({ errors: [first] }: { readonly errors: readonly [{ readonly instancePath: string }] }): never {
  throw wrong(first.instancePath.slice(1))
}

function wrong (name: string): Error {
  return new Error(`${name} must be ${EXPECTED[name]}`)
}
