import { channel } from 'node:diagnostics_channel'
import * as client from 'prom-client'
import t, { type Test } from 'tap'
import { createApiKey, MemoryKeyStore } from '../../lib/index.ts'
import { Collector } from '../../lib/metrics/collector.ts'
import type { ApiKeyEvent, KeyStore } from '../../lib/types.ts'
import { KEY, OTHER_KEY } from '../support/app.ts'

const A = createApiKey(KEY)
const NAMES = ['dbgpt_auth_requests_total', 'dbgpt_auth_keys', 'dbgpt_auth_store_up', 'dbgpt_auth_store_last_confirmed_seconds']
const [accepted, rejected] = [channel('dbgpt-auth:accepted'), channel('dbgpt-auth:rejected')]
const publish = (): void => { accepted.publish({ apiKey: A, reason: null } as ApiKeyEvent) }

/** A store that says of itself what it is told to. */
function storeOf (size?: number, up?: boolean, ageMs = 0): KeyStore {
  return { find: () => null, size, ...up !== undefined && { status: () => ({ up, ageMs }) } }
}

/** What a registry has of the gauges, and how many requests were accepted. */
async function valuesOf (register: client.Registry): Promise<unknown[]> {
  const values = new Map((await register.getMetricsAsJSON()).map(({ name, values }) => [name, values[0]?.value]))
  return NAMES.map(name => values.get(name))
}

function join (t: Test, register: client.Registry, store: KeyStore, maxKeys = 0): () => void {
  const leave = Collector.of(client, register, maxKeys).join(store)
  t.teardown(leave)
  return leave
}

t.test('what a key store tells is served as it is then', async t => {
  const register = new client.Registry()
  const store = new MemoryKeyStore([A])
  join(t, register, store)
  t.same(await valuesOf(register), [0, 1, 1, 0])
  await store.add(createApiKey(OTHER_KEY))
  publish()
  t.same(await valuesOf(register), [1, 2, 1, 0])
})

t.test('of several stores it is the sum of their keys and the worst of their states, each counted once', async t => {
  const register = new client.Registry()
  const store = storeOf(3, false, 5000)
  for (const each of [storeOf(0, true, 500), store, store, storeOf()]) join(t, register, each)
  t.same(await valuesOf(register), [0, 3, 0, 5])
  publish()
  t.same(await valuesOf(register), [1, 3, 0, 5], 'a request is counted once')
  join(t, register, storeOf(undefined, false, Infinity))
  t.match(await register.metrics(), /^dbgpt_auth_store_last_confirmed_seconds \+Inf$/m)
})

t.test('what no store tells is not served', async t => {
  const register = new client.Registry()
  join(t, register, storeOf())
  t.same(await valuesOf(register), [0, undefined, undefined, undefined])
  t.notMatch(await register.metrics(), /^dbgpt_auth_(keys|store)/m)
  // What other collections have a method for.
  join(t, register, storeOf((() => 3) as unknown as number))
  t.same(await valuesOf(register), [0, undefined, undefined, undefined])
  join(t, register, storeOf(2))
  t.same(await valuesOf(register), [0, 2, undefined, undefined])
})

t.test('with the last store the metrics leave the registry, nobody listens any more, and they can come again', async t => {
  for (const type of [client.prometheusContentType, client.openMetricsContentType]) {
    const register = new client.Registry()
    register.setContentType(type as typeof client.prometheusContentType)
    const own = new client.Gauge({ name: 'own', help: 'the application\'s', registers: [register] })
    const leaves = [storeOf(1), storeOf(2)].map(store => join(t, register, store))
    // In this format, metrics are renamed as they are read.
    await register.metrics()
    leaves[0]?.()
    t.equal((await valuesOf(register))[1], 2, register.contentType)
    leaves[1]?.()
    t.same(register.getMetricsAsArray(), [own], register.contentType)
    t.notOk(accepted.hasSubscribers || rejected.hasSubscribers, register.contentType)
    const leave = join(t, register, storeOf(3))
    t.equal((await valuesOf(register))[1], 3, register.contentType)
    leave()
  }
})

t.test('a registry that was cleared gets new metrics, which the end of the old ones leaves alone', async t => {
  const register = new client.Registry()
  const leave = join(t, register, storeOf(1))
  register.clear()
  join(t, register, storeOf(2))
  leave()
  publish()
  t.same(await valuesOf(register), [1, 2, undefined, undefined])
})

t.test('two registries count by themselves', async t => {
  const registers = [new client.Registry(), new client.Registry()]
  for (const [index, register] of registers.entries()) join(t, register, storeOf(index))
  publish()
  for (const [index, register] of registers.entries()) t.same((await valuesOf(register)).slice(0, 2), [1, index])
})

t.test('apps that share a registry tell apart as many keys, and a store that tells of its changes is listened to', async t => {
  const register = new client.Registry()
  const store = new MemoryKeyStore([A])
  const leave = join(t, register, store, 10)
  t.throws(() => Collector.of(client, register, 0), { code: 'FST_DBGPT_AUTH_OPTION', message: /"perKey" must be the same/ })
  publish()
  t.match(await register.metrics(), `key="${A.id}"`)
  await store.revoke(A.id)
  t.notMatch(await register.metrics(), `key="${A.id}"`)
  leave()
  await store.add(A)
  t.same(await register.metrics(), '\n')
})

t.test('a store that returns nothing for a listener can be left', async t => {
  const register = new client.Registry()
  join(t, register, { ...storeOf(1), onChange: () => undefined as never })()
  t.same(register.getMetricsAsArray(), [])
})
