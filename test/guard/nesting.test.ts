import type { FastifyInstance } from 'fastify'
import t from 'tap'
import dbgptAuth from '../../lib/index.ts'
import { harness, KEY, rejection } from '../support/app.ts'
import { shown } from '../support/shown.ts'

const NESTED = { code: 'FST_DBGPT_AUTH_NESTED', message: /once at the root/ }
const options = { env: { API_KEYS: KEY } }
const off = { env: { API_AUTH: 'off' } }

/** Does something in a scope some levels deep. */
async function within (app: FastifyInstance, depth: number, act: (scope: FastifyInstance) => Promise<void>): Promise<void> {
  if (depth === 0) await act(app)
  else await app.register(async scope => await within(scope, depth - 1, act))
}

for (const [name, how] of [['on', options], ['off', off], ['without a hook', { ...options, addHook: false }]] as const) {
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

t.test('siblings, and apps beside one another, are not nested', async t => {
  for (const { app } of [harness(t), harness(t)]) {
    for (const depth of [1, 2, 1]) {
      await within(app, depth, async scope => { await scope.register(dbgptAuth, options) })
    }
    await app.ready()
  }
  t.pass('both apps are ready')
})
