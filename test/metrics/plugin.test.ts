import Fastify from 'fastify'
import { Registry, register as globalRegistry } from 'prom-client'
import t, { type Test } from 'tap'
import { createApiKey } from '../../lib/index.ts'
import { apiKeyMetrics, type ApiKeyMetricsOptions, default as byDefault } from '../../lib/metrics/plugin.ts'
import { bearer, harness, KEY, MARKER, rejection, WRONG_KEY } from '../support/app.ts'

const { id } = createApiKey(KEY)

/** Starts an app with metrics; what is returned asks it with a key, or without. */
async function serve (t: Test, options: ApiKeyMetricsOptions = {}): Promise<{
  readonly ask: (url: string, key?: string) => Promise<number>, readonly close: () => Promise<void>
}> {
  const { app, guard } = harness(t)
  await guard({ keys: [{ key: KEY, name: 'a "name" \\' }, createApiKey({ digest: '0'.repeat(64), expiresAt: new Date(0) })] })
  await app.register(apiKeyMetrics, options)
  app.get('/', () => 'ok')
  app.get('/public', { config: { apiKey: false } }, () => 'ok')
  app.get('/optional', { config: { apiKey: 'optional' } }, () => 'ok')
  await app.ready()
  return {
    ask: async (url, key) => (await app.inject({ url, headers: key === undefined ? {} : bearer(key) })).statusCode,
    close: async () => { await app.close() }
  }
}

/** The samples of a text in Prometheus' format, those of 0 left out. */
function samplesIn (text: string): Record<string, number> {
  const samples = [...text.matchAll(/^(\w+(?:\{.*\})?) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)] as const)
  return Object.fromEntries(samples.filter(([, value]) => value !== 0))
}

t.test('checks are counted by result and reason, in the global registry, and requests that need none are not', async t => {
  const { ask, close } = await serve(t)
  for (const [url, key, status] of [
    ['/', KEY, 200], ['/', KEY, 200], ['/', undefined, 401], ['/', WRONG_KEY, 401], ['/', 'a b', 401], ['/unknown', undefined, 401],
    ['/public', undefined, 200], ['/public', KEY, 200], ['/optional', undefined, 200], ['/optional', KEY, 200], ['/optional', WRONG_KEY, 401]
  ] as const) t.equal(await ask(url, key), status, `${url} ${status}`)
  t.same(samplesIn(await globalRegistry.metrics()), {
    'dbgpt_auth_requests_total{result="accepted",reason=""}': 3,
    'dbgpt_auth_requests_total{result="rejected",reason="missing"}': 2,
    'dbgpt_auth_requests_total{result="rejected",reason="malformed"}': 1,
    'dbgpt_auth_requests_total{result="rejected",reason="unknown"}': 2,
    dbgpt_auth_keys: 2,
    dbgpt_auth_store_up: 1
  })
  await close()
  t.same(globalRegistry.getMetricsAsArray(), [], 'they leave with the app')
})

t.test('by key, in a registry of the app\'s own, the id and the name are labels, and no text is', async t => {
  for (const perKey of [true, { max: 1 }]) {
    const register = new Registry()
    const { ask, close } = await serve(t, { register, perKey })
    for (const key of [KEY, WRONG_KEY]) await ask('/', key)
    const text = await register.metrics()
    const { [`dbgpt_auth_requests_total{result="accepted",reason="",key="${id}",name="a \\"name\\" \\\\"}`]: count } = samplesIn(text)
    t.equal(count, 1)
    t.ok(!text.includes(MARKER) && !text.includes(createApiKey(KEY).digest))
    await close()
  }
})

t.test('it needs the guard before it', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  t.match(await rejection(app.register(byDefault)), { message: /^The dependency 'fastify-dbgpt-auth' .* is not registered/ })
})

t.test('a bound that is none refuses to start', async t => {
  for (const perKey of [{ max: 0 }, { max: 1.5 }, { max: 100_001 }, {}, 'yes', 5, null]) {
    const { app, guard } = harness(t)
    await guard()
    const error = await rejection(app.register(apiKeyMetrics, { perKey: perKey as never }))
    t.match(error, { code: 'FST_DBGPT_AUTH_OPTION', message: /"perKey" must be true, false or \{ max: 1 to 100000 \}/ }, JSON.stringify(perKey))
  }
})

t.test('the entry of the package has the plugin alone', async t => {
  t.same(Object.keys(await import('../../lib/metrics/plugin.ts')).sort(), ['apiKeyMetrics', 'default'])
})
