import t from 'tap'
import { Check } from 'typebox/schema'
import { responses, responsesIn, security, securitySchemes } from '../../lib/openapi/components.ts'
import { createApiKey } from '../../lib/index.ts'
import { bearer, harness, KEY, OTHER_KEY } from '../support/app.ts'

for (const format of ['openai', 'fastapi', 'dbgpt'] as const) {
  t.test(`the guard's answers are as they are described, in the format ${format}`, async t => {
    const { app, guard } = harness(t)
    const find = (digest: string) => {
      if (digest === createApiKey(KEY).digest) return createApiKey({ key: KEY, scopes: [] })
      throw new Error('the store is down')
    }
    await guard({ keys: { find }, errorFormat: format, message: 'Ask ops' })
    app.get('/', { config: { apiKey: { scopes: ['flows:read'] } } }, () => 'not reached')
    for (const [status, headers] of [[401, {}], [403, bearer()], [503, bearer(OTHER_KEY)]] as const) {
      const answer = await app.inject({ url: '/', headers })
      t.equal(answer.statusCode, status)
      const described = responsesIn(format)
      const { schema, example } = described[status].content['application/json']
      t.ok(Check(schema, answer.json()), `${status}`)
      t.ok(Check(schema, example), `${status}`)
      for (const name of Object.keys(described[status].headers)) t.type(answer.headers[name.toLowerCase()], 'string', name)
      for (const other of [401, 403, 503] as const) {
        t.equal(Check(described[other].content['application/json'].schema, answer.json()), other === status, `${status} ${other}`)
      }
    }
  })
}

t.test('what apps share is in the default format, and cannot be changed', async t => {
  t.same(responses, responsesIn('openai'))
  t.same(security, [{ dbgptAuth: [] }])
  t.match(securitySchemes, { dbgptAuth: { type: 'http', scheme: 'bearer' } })
  const changes = [
    () => { responses[401].description = '' },
    () => { responses[401].content['application/json'].schema.required?.pop() },
    () => { security[0]?.dbgptAuth.push('flows:read') },
    () => { Object.assign(securitySchemes.dbgptAuth, { scheme: 'basic' }) }
  ]
  for (const change of changes) t.throws(change, TypeError, String(change))
  const own = responsesIn('openai')
  own[401].description = 'Ask ops'
  t.not(responsesIn('openai')[401].description, 'Ask ops')
})
