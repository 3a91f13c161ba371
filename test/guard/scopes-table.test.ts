import type { FastifyContextConfig } from 'fastify'
import t from 'tap'
import dbgptAuth, { createApiKey } from '../../lib/index.ts'
import { bearer, CHALLENGE, challenge, harness, MARKER, WRONG_KEY } from '../support/app.ts'

const keyOf = (name: string): string => `dbgpt_${MARKER}_${name}_0123456789abcdef`
const keys = [
  { key: keyOf('free') },
  { key: keyOf('none'), scopes: [] },
  { key: keyOf('some'), scopes: ['b', 'other'] },
  { key: keyOf('all'), scopes: ['b', 'a'] },
  { key: keyOf('expired'), scopes: ['b', 'a'], expiresAt: new Date(0) }
]

/** What requests come with. */
const credentials: Readonly<Record<string, string | undefined>> = {
  'no key': undefined,
  'a wrong key': WRONG_KEY,
  'an expired key': keyOf('expired'),
  'a key without scopes': keyOf('free'),
  'a key with an empty list': keyOf('none'),
  'a key with one of them': keyOf('some'),
  'a key with all of them': keyOf('all')
}

/** What routes ask for, and what becomes of each of the {@link credentials}: let in, also with whose record, or why not. */
const routes: readonly (readonly [name: string, config: FastifyContextConfig['apiKey'], outcomes: readonly (string | readonly string[])[]])[] = [
  ['none', undefined, ['missing', 'unknown', 'expired', 'in', 'in', 'in', 'in']],
  ['true', true, ['missing', 'unknown', 'expired', 'in', 'in', 'in', 'in']],
  ['false', false, ['open', 'open', 'open', 'open', 'open', 'open', 'open']],
  ['optional', 'optional', ['open', 'unknown', 'expired', 'in', 'in', 'in', 'in']],
  ['one', { scopes: ['a'] }, ['missing', 'unknown', 'expired', 'in', ['a'], ['a'], 'in']],
  ['two', { scopes: ['a', 'b'] }, ['missing', 'unknown', 'expired', 'in', ['a', 'b'], ['a'], 'in']]
]

const CHALLENGES: Readonly<Record<string, string>> = {
  missing: CHALLENGE,
  unknown: challenge('The API key is not valid'),
  expired: challenge('The API key has expired')
}

/** The three bodies of a refusal. */
const bodies: Readonly<Record<string, (status: number, code: string) => string>> = {
  openai: (_status, code) => `{"error":{"message":"Ask ops","type":"invalid_request_error","param":null,"code":"${code}"}}`,
  fastapi: (_status, code) => `{"detail":{"error":{"message":"Ask ops","type":"invalid_request_error","param":null,"code":"${code}"}}}`,
  dbgpt: (status, code) => `{"success":false,"err_code":"${status}","err_msg":"{'error': {'message': 'Ask ops', ` +
    `'type': 'invalid_request_error', 'param': None, 'code': '${code}'}}","data":null}`
}

for (const store of ['at once', 'by promise']) {
  t.test(`each need of a route meets each key, in each format, and the store answers ${store}`, async t => {
    const { app, log } = harness(t)
    const records = new Map(keys.map(key => createApiKey(key)).map(key => [key.digest, key]))
    const find = (digest: string) => records.get(digest)
    let seen: (string | undefined)[] = []
    for (const errorFormat of ['openai', 'fastapi', 'dbgpt'] as const) {
      await app.register(async scope => {
        const findLater = async (digest: string) => find(digest)
        await scope.register(dbgptAuth, { keys: { find: store === 'at once' ? find : findLater }, env: {}, errorFormat, message: 'Ask ops' })
        for (const [url, apiKey] of routes) {
          scope.get(`/${url}`, apiKey === undefined ? {} : { config: { apiKey } }, request => { seen.push(request.apiKey?.id); return 'in' })
        }
      }, { prefix: `/${errorFormat}` })
    }
    for (const [errorFormat, bodyOf] of Object.entries(bodies)) {
      for (const [route, config, outcomes] of routes) {
        for (const [index, [name, key]] of Object.entries(credentials).entries()) {
          const url = `/${errorFormat}/${route}`
          const before = log().length
          seen = []
          const { statusCode, headers, body } = await app.inject({ url, headers: key === undefined ? {} : bearer(key) })
          const line = log().slice(before).find(({ msg }) => msg === 'API key rejected')
          const [outcome, which] = [outcomes[index] as string | readonly string[], `${name} at ${url}`]
          const id = key === undefined || key === WRONG_KEY ? undefined : createApiKey(key).id
          if (outcome === 'in' || outcome === 'open') {
            t.strictSame([statusCode, body, seen, line, headers['www-authenticate']],
              [200, 'in', [outcome === 'in' ? id : undefined], undefined, undefined], which)
            continue
          }
          const lacks = typeof outcome !== 'string'
          const [status, code, reason] = lacks ? [403, 'insufficient_scope', 'scope'] : [401, 'invalid_api_key', outcome]
          t.equal(statusCode, status, which)
          t.equal(body, bodyOf(status, code), which)
          t.same(seen, [], `the handler did not run: ${which}`)
          const needed = (config as { scopes?: string[] } | undefined)?.scopes?.join(' ')
          t.match(headers, {
            'www-authenticate': lacks ? new RegExp(`^${CHALLENGE}, error="insufficient_scope", scope="${needed}"$`) : CHALLENGES[outcome],
            'content-type': /^application\/json$/,
            'cache-control': 'no-store'
          }, which)
          t.same([line?.level, line?.reason, line?.keyId, line?.missingScopes, line?.route],
            [30, reason, outcome === 'missing' ? undefined : id, lacks ? outcome : undefined, url], which)
        }
      }
    }
  })
}
