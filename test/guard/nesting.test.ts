import type { FastifyInstance } from 'fastify'
import t from 'tap'
import dbgptAuth from '../../lib/index.ts'
import { bearer, harness, KEY, OTHER_KEY, rejection } from '../support/app.ts'
import { shown } from '../support/shown.ts'

const NESTED = { code: 'FST_DBGPT_AUTH_NESTED', message: /once at the root/ }
const options = { env: { API_KEYS: KEY } }
const off = { env: { API_AUTH: 'off' } }

/** Does something in a scope some levels deep. */
async function within (app: FastifyInstance, depth: number, act: (scope: FastifyInstance) => Promise<void>): Promise<void> {
  if (depth === 0) await act(app)
  else await app.register(async scope => await within(scope, depth - 1, act))
}

for (const [name, how] of [['on', options], ['off', off]] as const) {
  t.test(`one guard inside another is a start-up error in either order, ${name}`, async t => {
    for (const depths of [[0, 0], [0, 1], [1, 0], [0, 3], [3, 0]]) {
      for (const around of [0, 2]) {
        const { app } = harness(t)
        const error = await rejection(within(app, around, async scope => {
          for (const depth of depths) await within(scope, depth, async inner => { await inner.register(dbgptAuth, how) })
        }))
        t.match(error, NESTED, shown(around))
      }
    }
  })
}

t.test('twice on one scope is a start-up error, also without a hook', async t => {
  for (const addHook of [true, false]) {
    const { app } = harness(t)
    await app.register(dbgptAuth, { ...options, addHook: false })
    t.match(await rejection(app.register(dbgptAuth, { ...options, addHook })), NESTED, shown(addHook))
  }
})

t.test('one without a hook guards nothing twice, in a guarded scope or around one', async t => {
  const check = { env: { API_KEYS: OTHER_KEY }, addHook: false }
  for (const [outer, inner] of [[options, check], [check, options], [check, check]] as const) {
    for (const innerFirst of [false, true]) {
      const { app } = harness(t)
      if (!innerFirst) await app.register(dbgptAuth, outer)
      await app.register(async scope => {
        await scope.register(dbgptAuth, inner)
        scope.get('/inner', () => 'ok')
        scope.get('/verified', { preHandler: scope.verifyApiKey }, request => ({ id: request.apiKey?.id }))
        scope.get('/open', { config: { apiKey: false } }, request => ({ apiKey: request.apiKey }))
      })
      if (innerFirst) await app.register(dbgptAuth, outer)
      const isGuarded = outer === options || inner === options
      const statusOf = async (url: string, headers = {}): Promise<number> => (await app.inject({ url, headers })).statusCode
      t.equal(await statusOf('/inner'), isGuarded ? 401 : 200)
      t.equal(await statusOf('/inner', bearer()), 200)
      t.equal(await statusOf('/verified', bearer()), inner === options ? 200 : 401)
      t.equal(await statusOf('/verified', bearer(OTHER_KEY)), isGuarded ? 401 : 200)
      t.same((await app.inject('/open')).json(), { apiKey: null }, shown([inner, innerFirst]))
    }
  }
})

t.test('siblings, and apps beside one another, are not nested', async t => {
  for (const { app } of [harness(t), harness(t)]) {
    for (const depth of [1, 2, 1]) {
      await within(app, depth, async scope => { await scope.register(dbgptAuth, options) })
    }
    await app.ready()
  }
  t.pass('both apps are ready')
})
