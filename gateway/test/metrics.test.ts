import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import t, { type Test } from 'tap'
import { createApiKey, MemoryKeyStore } from 'fastify-dbgpt-auth'
import { buildGateway } from '../lib/app.ts'
import { serveMetrics } from '../lib/metrics.ts'
import type { Settings } from '../lib/settings.ts'
import { bearer, KEY, MARKER, OTHER_KEY } from '../../test/support/app.ts'
import { SETTINGS } from './support/gateway.ts'

const KEYS = [createApiKey({ key: KEY, name: 'web' }), createApiKey(OTHER_KEY)]

/** Starts a gateway with metrics; what is behind it is not there. */
async function start (t: Test, more: Partial<Settings> = {}) {
  const settings = { ...SETTINGS, METRICS_PORT: 0, ...more }
  const auth = { keys: new MemoryKeyStore(KEYS), env: {}, logLevel: 'silent' } as const
  const app = await buildGateway({ settings, upstream: 'http://127.0.0.1:1', auth })
  const metrics = await serveMetrics(app, settings)
  t.teardown(async () => {
    await app.close()
    await metrics?.close()
  })
  await app.ready()
  return { app, metrics, url: metrics?.listeningOrigin }
}

t.test('metrics are at one path of a port of their own, for those who ask without a key, and not on the gateway\'s', async t => {
  const { app, url } = await start(t)
  t.equal((await app.inject({ url: '/v1/models', headers: bearer() })).statusCode, 502)
  t.equal((await app.inject('/metrics')).statusCode, 401)
  const answer = await fetch(`${url}/metrics`)
  t.equal(answer.status, 200)
  t.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  const text = await answer.text()
  for (const line of [
    'dbgpt_auth_requests_total{result="accepted",reason=""} 1', 'dbgpt_auth_requests_total{result="rejected",reason="missing"} 1',
    'dbgpt_auth_keys 2', 'dbgpt_auth_store_up 1', '# TYPE process_resident_memory_bytes gauge'
  ]) t.ok(text.split('\n').includes(line), line)
  for (const path of ['/', '/health', '/v1/models']) t.equal((await fetch(url + path)).status, 404, path)
  t.equal((await fetch(`${url}/metrics`, { method: 'POST' })).status, 404)
})

t.test('requests are counted by key where it is asked for', async t => {
  const { app, url } = await start(t, { METRICS_PER_KEY: 'on' })
  await app.inject({ url: '/v1/models', headers: bearer() })
  const text = await (await fetch(`${url}/metrics`)).text()
  t.match(text, `dbgpt_auth_requests_total{result="accepted",reason="",key="${KEYS[0]?.id}",name="web"} 1\n`)
  t.ok(!text.includes(MARKER))
})

t.test('without a port there are none', async t => {
  const { metrics } = await start(t, { METRICS_PORT: undefined })
  t.equal(metrics, undefined)
})

t.test('who holds connections to them leaves the gateway\'s alone', async t => {
  const { metrics } = await start(t)
  const { port } = metrics?.server.address() as AddressInfo
  const sockets = Array.from({ length: 33 }, () => connect(port, '127.0.0.1'))
  t.teardown(() => { for (const socket of sockets) socket.destroy() })
  for (const socket of sockets) socket.on('error', () => {})
  await Promise.race(sockets.map(async socket => await once(socket, 'close')))
  t.equal(sockets.filter(({ closed }) => closed).length, 1)
})
