import { readFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { buildAnswers } from '../../lib/guard/answer.ts'
import { explain } from '../../lib/guard/explanations.ts'
import dbgptAuth, {
  createApiKey, type DbgptAuthOptions, type ErrorFormat, MemoryKeyStore, type RejectionReason
} from '../../lib/index.ts'
import { bearer, BODY_401, BODY_503, harness, KEY, MARKER, OTHER_KEY, rejection, WRONG_KEY } from '../support/app.ts'
import { pollute } from '../support/pollute.ts'
import { shown } from '../support/shown.ts'

const REASONS = ['missing', 'malformed', 'unknown', 'expired', 'scope', 'unavailable'] as const
const DOWN_KEY = `${OTHER_KEY}_down`
const LACKING_KEY = `${OTHER_KEY}_lacking`

/** Requests by the reason for which they are refused, and their status. */
const REQUESTS: Readonly<Record<RejectionReason, readonly [number, Record<string, string>]>> = {
  missing: [401, {}],
  malformed: [401, { authorization: `Bearer ${KEY} ${KEY}` }],
  unknown: [401, bearer(WRONG_KEY)],
  expired: [401, bearer(OTHER_KEY)],
  scope: [403, bearer(LACKING_KEY)],
  unavailable: [503, bearer(DOWN_KEY)]
}

/** An app of which each request above is refused for its reason. */
async function refusing (t: Test, options: DbgptAuthOptions): Promise<(reason: RejectionReason) => Promise<string>> {
  const { app, guard } = harness(t)
  const known = new MemoryKeyStore([
    createApiKey({ key: OTHER_KEY, expiresAt: new Date(0) }), createApiKey({ key: LACKING_KEY, scopes: [] })
  ])
  const { digest: down } = createApiKey(DOWN_KEY)
  await guard({ keys: { find: digest => { if (digest === down) throw new Error('down'); return known.find(digest) } }, ...options })
  app.get('/', { config: { apiKey: { scopes: ['flows:read'] } } }, () => t.fail('the handler ran'))
  return async reason => {
    const [status, headers] = REQUESTS[reason]
    const answer = await app.inject({ url: '/', headers })
    t.equal(answer.statusCode, status, reason)
    return answer.body
  }
}

t.test('each reason has one sentence that says what to do, and where more is said', async t => {
  for (const reason of REASONS) {
    t.match(explain(reason), new RegExp(`^[A-Z][^.\\n]+: [^.\\n]+\\. See fastify-dbgpt-auth, docs/errors\\.md#${reason}$`), reason)
    t.match(explain(reason), /^[\x20-\x7e]+$/, `${reason}, as Python writes it`)
    t.notMatch(explain(reason), /['\\]/, `${reason}, as Python writes it`)
  }
  t.equal(explain('missing'), 'No API key was sent: send Authorization: Bearer <key>. See fastify-dbgpt-auth, docs/errors.md#missing')
  t.equal(new Set(REASONS.map(explain)).size, REASONS.length)
})

t.test('a key that nobody knows is told no more than its challenge tells', async t => {
  t.equal(explain('unknown').split(':')[0], 'The API key is not valid')
  t.notMatch(explain('unknown').split('. See')[0], /expire|revoke|know|checksum|list|length|character/i)
})

t.test('without explain the bytes are DB-GPT\'s, by the option and by the variable', async t => {
  for (const options of [{}, { explain: false }, { env: { API_AUTH_EXPLAIN: 'off' } }, { explain: false, env: { API_AUTH_EXPLAIN: 'on' } }]) {
    const refuse = await refusing(t, options)
    for (const reason of ['missing', 'malformed', 'unknown', 'expired'] as const) t.equal(await refuse(reason), BODY_401, shown(options))
    t.equal(await refuse('unavailable'), BODY_503, shown(options))
  }
})

const BODIES: Readonly<Record<ErrorFormat, (message: string, type: string, code: string, status: number) => object>> = {
  openai: (message, type, code) => ({ error: { message, type, param: null, code } }),
  fastapi: (message, type, code) => ({ detail: { error: { message, type, param: null, code } } }),
  dbgpt: (message, type, code, status) => ({
    success: false,
    err_code: String(status),
    err_msg: `{'error': {'message': '${message}', 'type': '${type}', 'param': None, 'code': '${code}'}}`,
    data: null
  })
}

t.test('with explain every refusal says what to do, in all three formats, and nothing else of it changes', async t => {
  for (const errorFormat of ['openai', 'fastapi', 'dbgpt'] as const) {
    for (const options of [{ explain: true, env: {} }, { env: { API_AUTH_EXPLAIN: 'on' } }, { explain: true, env: { API_AUTH_EXPLAIN: 'off' } }]) {
      const refuse = await refusing(t, { ...options, errorFormat })
      for (const reason of REASONS) {
        const [status] = REQUESTS[reason]
        const [type, code] = reason === 'unavailable'
          ? ['server_error', 'key_store_unavailable']
          : ['invalid_request_error', reason === 'scope' ? 'insufficient_scope' : 'invalid_api_key']
        t.equal(await refuse(reason), JSON.stringify(BODIES[errorFormat](explain(reason), type, code, status)), `${shown(options)} ${reason}`)
      }
    }
  }
})

t.test('a message that is given wins, also a blank one', async t => {
  for (const message of ['Ask ops', '']) {
    const refuse = await refusing(t, { explain: true, message })
    for (const reason of REASONS) t.equal(JSON.parse(await refuse(reason)).error.message, message, `"${message}" ${reason}`)
  }
  const refuse = await refusing(t, { explain: true, message: undefined })
  t.equal(JSON.parse(await refuse('unknown')).error.message, explain('unknown'), 'undefined is none')
})

t.test('a formatter is told what to do as the message', async t => {
  for (const [options, expected] of [
    [{ explain: true }, explain], [{ explain: true, message: 'x' }, () => 'x'], [{}, () => '']
  ] as const) {
    const refuse = await refusing(t, { ...options, errorFormat: ({ message, reason }) => ({ message, reason }) })
    for (const reason of REASONS) {
      t.same(JSON.parse(await refuse(reason)), { message: expected(reason), reason }, shown(options))
    }
  }
})

t.test('docs/configuration.md shows such a body to the byte', async t => {
  const refuse = await refusing(t, { explain: true })
  t.ok((await readFile('docs/configuration.md', 'utf8')).includes(`\n${await refuse('missing')}\n`))
})

t.test('the bodies are made once', async t => {
  const answers = buildAnswers('DB-GPT', undefined, true)
  for (const reason of REASONS) t.ok(Buffer.isBuffer(answers[reason].bodies.dbgpt), reason)
})

t.test('where the start-up has failed, the option alone has said whether to explain', async t => {
  for (const [options, message] of [[{ explain: true }, explain('unavailable')], [{}, '']] as const) {
    const { app } = harness(t)
    app.register(dbgptAuth, { env: { API_KEYS: ',' }, ...options }).after(error => { t.match(error, { code: 'FST_DBGPT_AUTH_KEYS_EMPTY' }, shown(options)) })
    t.equal(JSON.parse((await app.inject('/')).body).error.message, message, shown(options))
  }
})

t.test('API_AUTH_EXPLAIN is on or off, and a wrong value refuses to start', async t => {
  for (const API_AUTH_EXPLAIN of ['true', '1', 'ON', 'yes', MARKER]) {
    const error = await rejection(harness(t).guard({ env: { API_KEYS: KEY, API_AUTH_EXPLAIN } }))
    t.match(error, { code: 'FST_DBGPT_AUTH_ENVIRONMENT', message: /^Bad environment: API_AUTH_EXPLAIN must be on or off$/ })
  }
  const several = { API_KEYS: KEY, API_AUTH: 'on', API_AUTH_EXPLAIN: 'x', API_KEYS_USAGE: 'x' }
  t.match(await rejection(harness(t).guard({ env: several })), {
    message: /^Bad environment: API_AUTH_EXPLAIN must be on or off$/
  }, 'the first of several')
  await harness(t).guard({ env: { API_KEYS: KEY, API_AUTH_EXPLAIN: ' ' } })
})

t.test('only own options explain, and before they are read nothing does', async t => {
  for (const [name, value] of Object.entries({ explain: true, API_AUTH_EXPLAIN: 'on' })) pollute(t, name, value)
  const refuse = await refusing(t, {})
  t.equal(await refuse('unknown'), BODY_401)
  const { app } = harness(t)
  app.register(dbgptAuth, { realm: '"' }).after(error => { t.match(error, { code: 'FST_DBGPT_AUTH_OPTION' }) })
  t.equal((await app.inject('/')).body, BODY_503)
})
