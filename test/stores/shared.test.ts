import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import dbgptAuth, { createApiKey, type KeyStore, MemoryKeyStore } from '../../lib/index.ts'
import { closeStore, openStore } from '../../lib/stores/shared.ts'
import { bearer, KEY, rejection } from '../support/app.ts'
import { shown } from '../support/shown.ts'
import { until } from '../support/until.ts'

/** A store that keeps count of what is done to it. */
class CountedStore extends MemoryKeyStore implements KeyStore {
  readonly calls: string[] = []
  fault: unknown

  async open (): Promise<void> {
    this.calls.push('open')
    if (this.fault !== undefined) throw this.fault
  }

  async close (): Promise<void> {
    this.calls.push('close')
  }
}

t.test('scopes and apps that share a store open it once, and the last one closes it', async t => {
  const store = new CountedStore([createApiKey(KEY)])
  const [one, two] = [Fastify(), Fastify()]
  for (const prefix of ['/a', '/b']) {
    await one.register(async scope => {
      await scope.register(dbgptAuth, { keys: store, env: {} })
      scope.get('/', () => 'ok')
    }, { prefix })
  }
  await two.register(dbgptAuth, { keys: store, env: {} })
  await Promise.all([one.ready(), two.ready()])
  t.same(store.calls, ['open'])
  for (const url of ['/a', '/b']) t.match(await one.inject({ url, headers: bearer() }), { statusCode: 200 }, shown(url))
  await one.close()
  t.same(store.calls, ['open'])
  await two.close()
  t.same(store.calls, ['open', 'close'])
})

t.test('a store that could not be opened can be opened again', async t => {
  const store = new CountedStore()
  const log = Fastify().log
  for (const fault of [new Error('no disk'), 'no disk']) {
    store.fault = fault
    const both = await Promise.all([rejection(openStore(store, log)), rejection(openStore(store, log))])
    t.match(both, fault instanceof Error ? [fault, fault] : Array(2).fill({ code: 'FST_DBGPT_AUTH_KEY_STORE_OPEN', cause: fault }), shown(fault))
  }
  store.fault = undefined
  await openStore(store, log)
  await closeStore(store, log)
  t.same(store.calls, ['open', 'open', 'open', 'close'])
})

t.test('a store need not open or close', async t => {
  const store: KeyStore = { find: () => null }
  const { log } = Fastify()
  await openStore(store, log)
  await closeStore(store, log)
  await closeStore(store, log)
  await openStore(store, log)
  t.pass()
})

t.test('each of several apps logs the changes of a store that they share, once, as long as it is open', async t => {
  const store = new CountedStore()
  const lines: Record<string, string[]> = { one: [], two: [] }
  const make = (name: string): FastifyInstance => {
    const stream = { write: (line: string) => { lines[name]?.push((JSON.parse(line) as { msg: string }).msg) } }
    return Fastify({ logger: { stream } })
  }
  const [one, two] = [make('one'), make('two')]
  for (const app of [one, one, two]) {
    await app.register(async scope => { await scope.register(dbgptAuth, { keys: store, env: {} }) })
  }
  await Promise.all([one.ready(), two.ready()])
  const changesOf = (name: string): unknown => lines[name]?.filter(msg => msg.startsWith('API keys: '))
  await store.add(createApiKey(KEY))
  t.same([changesOf('one'), changesOf('two')], [['API keys: 1 added'], ['API keys: 1 added']])
  await one.close()
  await store.add(createApiKey(`${KEY}2`))
  t.same([changesOf('one'), changesOf('two')], [['API keys: 1 added'], Array(2).fill('API keys: 1 added')])
  await two.close()
  t.same(store.calls, ['open', 'close'])
})

t.test('a store that was too slow and then failed can be opened again', async t => {
  let fail = (): void => {}
  let opened = 0
  const store: KeyStore = {
    find: () => null,
    open: async () => { if (opened++ === 0) await new Promise((_resolve, reject) => { fail = () => reject(new Error('late')) }) }
  }
  const { log } = Fastify()
  t.match(await rejection(openStore(store, log, 10)), { code: 'FST_DBGPT_AUTH_KEY_STORE_SLOW' })
  fail()
  await until(async () => await openStore(store, log).then(() => true, () => false))
  t.equal(opened, 2)
})
