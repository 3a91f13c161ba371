import cors from '@fastify/cors'
import fp from 'fastify-plugin'
import t from 'tap'
import { bearer, BODY_401, harness, type LogLine } from '../support/app.ts'
import { shown } from '../support/shown.ts'

const preflight = {
  method: 'OPTIONS', url: '/', headers: { origin: 'https://ui.example', 'access-control-request-method': 'GET' }
} as const

function corsWarnings (log: () => LogLine[]): string[] {
  return log().filter(({ level, msg }) => level === 40 && msg.includes('CORS')).map(({ msg }) => msg)
}

t.test('with CORS registered first, preflights pass and a browser can read the 401', async t => {
  const { app, guard, log } = harness(t)
  await app.register(cors)
  await guard()
  app.get('/', () => 'ok')
  t.equal((await app.inject(preflight)).statusCode, 204)
  const refused = await app.inject({ url: '/', headers: { origin: 'https://ui.example' } })
  t.equal(refused.body, BODY_401)
  t.equal(refused.headers['access-control-allow-origin'], '*')
  t.same(corsWarnings(log), [])
})

t.test('with CORS registered after, the app warns as it starts, and preflights are refused', async t => {
  const { app, guard, log } = harness(t)
  await guard()
  await app.register(cors)
  await app.ready()
  t.match(corsWarnings(log), [/register @fastify\/cors before fastify-dbgpt-auth/])
  const refused = await app.inject(preflight)
  t.equal(refused.statusCode, 401)
  t.equal(refused.body, BODY_401)
})

t.test('the first refused preflight warns, once', async t => {
  const { app, guard, log } = harness(t)
  await guard()
  app.get('/', () => 'ok')
  await app.inject({ method: 'OPTIONS', url: '/' })
  await app.inject({ ...preflight, method: 'GET' })
  t.same(corsWarnings(log), [], 'neither is a preflight')
  for (let count = 0; count < 3; count++) t.equal((await app.inject(preflight)).statusCode, 401, shown(count))
  t.match(corsWarnings(log), [/A CORS preflight was refused: register @fastify\/cors before/])
  t.equal((await app.inject({ ...preflight, headers: { ...preflight.headers, ...bearer() } })).statusCode, 404)
  t.equal(corsWarnings(log).length, 1)
})

t.test('without a hook there is nothing to warn of', async t => {
  const { app, guard, log } = harness(t)
  await guard({ addHook: false })
  await app.register(cors)
  await app.ready()
  t.same(corsWarnings(log), [])
})

t.test('middleware that is registered before the guard is warned of, and after it is guarded', async t => {
  for (const name of ['@fastify/middie', '@fastify/express']) {
    const middleware = fp(async () => {}, { name })
    const [before, after] = [harness(t), harness(t)]
    await before.app.register(middleware)
    await before.guard()
    await after.guard()
    await after.app.register(middleware)
    await after.app.ready()
    const warnings = (log: () => LogLine[]): string[] => log().filter(({ level }) => level === 40).map(({ msg }) => msg)
    t.same(warnings(before.log), [`Middleware of ${name} is not guarded: register fastify-dbgpt-auth before ${name}`])
    t.same(warnings(after.log), [], name)
  }
})
