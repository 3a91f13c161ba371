import t, { type Test } from 'tap'
import { addTallies, type Tallies, type Tally } from '../../lib/stores/tally.ts'
import { Usage, type UsagePlace } from '../../lib/stores/usage.ts'
import { moveClock, shortenTimers } from '../support/clock.ts'
import { makeLog } from '../support/log.ts'
import { until } from '../support/until.ts'

const A = '00000000000000aa'
const B = '00000000000000bb'

interface Place extends UsagePlace {
  readonly stored: Map<string, Tally>
  /** What it was given, write by write. */
  readonly batches: Tallies[]
  /** Fails before it adds, or after. */
  fail: ((when: 'before' | 'after') => void) | undefined
}

function makePlace (): Place {
  const [stored, batches] = [new Map<string, Tally>(), [] as Tallies[]]
  const place: Place = {
    stored,
    batches,
    fail: undefined,
    read: async ids => new Map([...stored].filter(([id]) => ids.includes(id))),
    add: async tallies => {
      place.fail?.('before')
      batches.push(new Map([...tallies].map(([id, tally]) => [id, { ...tally }])))
      for (const [id, tally] of tallies) stored.set(id, addTallies(stored.get(id), tally) as Tally)
      place.fail?.('after')
    }
  }
  return place
}

/** Counts, and writes when it is told to alone. */
function makeUsage (t: Test, isListed = (_id: string): boolean => true): { usage: Usage, place: Place, lines: ReturnType<typeof makeLog>['lines'] } {
  const place = makePlace()
  const usage = new Usage(isListed, place, 2 ** 31 - 1)
  const { log, lines } = makeLog()
  usage.open(log)
  t.teardown(async () => await usage.close())
  return { usage, place, lines }
}

function countsOf (tallies: ReadonlyMap<string, { readonly count: number }>): Record<string, number> {
  return Object.fromEntries([...tallies].map(([id, { count }]) => [id, count]))
}

t.test('uses are counted at once, and written when it is time, each once', async t => {
  const { usage, place, lines } = makeUsage(t)
  for (const id of [A, B, A, A]) usage.count(id)
  t.same(countsOf(await usage.read([A, B, 'cc'])), { [A]: 3, [B]: 1 })
  t.same(place.batches, [])
  await usage.write()
  usage.count(B)
  t.same(countsOf(await usage.read([A, B])), { [A]: 3, [B]: 2 }, 'stored and counted since')
  await usage.write()
  t.same(place.batches.map(countsOf), [{ [A]: 3, [B]: 1 }, { [B]: 1 }])
  await usage.write()
  t.equal(place.batches.length, 2, 'nothing new is not written')
  t.same(lines, [])
})

t.test('the time of the last use is kept, written and read as a Date', async t => {
  const { usage, place } = makeUsage(t)
  const move = moveClock(t)
  usage.count(A)
  move(5000)
  const before = Date.now()
  usage.count(A)
  const { lastUsedAt } = (await usage.read([A])).get(A) ?? {}
  t.ok(lastUsedAt instanceof Date && lastUsedAt.getTime() >= before)
  await usage.write()
  t.equal(place.stored.get(A)?.lastUsedAt, lastUsedAt?.getTime())
})

t.test('what is of no key any more is not written, and takes no memory', async t => {
  const listed = new Set([A, B])
  const { usage, place } = makeUsage(t, id => listed.has(id))
  usage.count(A)
  usage.count(B)
  listed.delete(A)
  await usage.write()
  t.same(place.batches.map(countsOf), [{ [B]: 1 }])
  t.same(countsOf(await usage.read([A])), {})
})

t.test('without a place it is kept in memory, and of keys that are gone not even there', async t => {
  const listed = new Set([A, B])
  const usage = new Usage(id => listed.has(id))
  usage.count(A)
  usage.count(B)
  listed.delete(B)
  await usage.write()
  t.same(countsOf(await usage.read([A, B])), { [A]: 1 })
  await usage.close()
  t.same(countsOf(await usage.read([A, B])), { [A]: 1 })
})

t.test('what could not be written is written again as it was, and first, and is told of once', async t => {
  const { usage, place, lines } = makeUsage(t)
  place.fail = when => { if (when === 'before') throw new Error('the disk is full') }
  usage.count(A)
  await usage.write()
  usage.count(A)
  usage.count(B)
  await usage.write()
  t.same(place.batches, [])
  t.same(countsOf(await usage.read([A, B])), { [A]: 2, [B]: 1 })
  t.match(lines, [{ level: 'warn', message: /usage cannot be written/, fields: { err: { message: 'the disk is full' } } }])
  place.fail = undefined
  await usage.write()
  t.same(place.batches.map(countsOf), [{ [A]: 1 }, { [A]: 1, [B]: 1 }])
  t.same(lines.slice(1).map(({ level, fields }) => [level, fields]), [['info', 'API key usage is written again']])
  t.equal(lines.length, 2)
})

t.test('another fault is news', async t => {
  const { usage, place, lines } = makeUsage(t)
  let message = 'a'
  place.fail = () => { throw new Error(message) }
  usage.count(A)
  for (message of ['a', 'a', 'b', 'b']) await usage.write()
  t.same(lines.map(({ fields }) => fields.err?.message), ['a', 'b'])
})

t.test('without a logger faults pass in silence', async t => {
  const place = makePlace()
  const usage = new Usage(() => true, place)
  place.fail = () => { throw new Error('no') }
  usage.count(A)
  await usage.write()
  place.fail = undefined
  await usage.write()
  t.same(countsOf(place.stored), { [A]: 1 })
  await usage.close()
})

t.test('a batch is offered unchanged until it is confirmed, so that a place can tell it by its number', async t => {
  const { usage, place } = makeUsage(t)
  place.fail = when => { if (when === 'after') throw new Error('no answer') }
  usage.count(A)
  await usage.write()
  usage.count(A)
  await usage.write()
  t.same(place.batches.map(countsOf), [{ [A]: 1 }, { [A]: 1 }])
  place.fail = undefined
})

t.test('what is counted while it is written, or read, is neither lost nor counted twice', async t => {
  const { usage, place } = makeUsage(t)
  usage.count(A)
  let during: ReturnType<Usage['read']> | undefined
  place.fail = when => {
    usage.count(A)
    if (when === 'before') during = usage.read([A])
  }
  await usage.write()
  place.fail = undefined
  t.same(countsOf(await during as Awaited<typeof during> & {}), { [A]: 3 })
  await usage.write()
  t.same(place.batches.map(countsOf), [{ [A]: 1 }, { [A]: 2 }])
})

t.test('it is written by a timer, that keeps no process alive and is set as long as something is left', async t => {
  const place = makePlace()
  const usage = new Usage(() => true, place, 20)
  t.teardown(async () => await usage.close())
  usage.count(A)
  await until(() => place.batches.length === 1)
  let failures = 0
  place.fail = () => {
    failures++
    throw new Error('no')
  }
  usage.count(B)
  await until(() => failures > 1)
  place.fail = undefined
  await until(() => place.stored.has(B))
  t.same(countsOf(place.stored), { [A]: 1, [B]: 1 })
})

t.test('timers go off at a time of their own in each interval, and no later than one from the first use', async t => {
  const set: { ms: number, isKeepingAlive: boolean }[] = []
  const { setTimeout } = globalThis
  t.intercept(globalThis, 'setTimeout', {
    value: (call: () => void, ms: number) => {
      const timer = setTimeout(call, 2 ** 30)
      queueMicrotask(() => { set.push({ ms, isKeepingAlive: timer.hasRef() }) })
      return timer
    }
  })
  const usages = Array.from({ length: 20 }, () => new Usage(() => true, makePlace()))
  for (const usage of usages) {
    usage.count(A)
    usage.count(B)
  }
  await Promise.resolve()
  t.equal(set.length, usages.length, 'one each')
  t.ok(set.every(({ ms, isKeepingAlive }) => ms >= 0 && ms <= 60_000 && !isKeepingAlive))
  t.ok(new Set(set.map(({ ms }) => Math.round(ms / 1000))).size > 5, 'they are spread')
  await Promise.all(usages.map(async usage => await usage.close()))
})

t.test('after a while without a use, the next one is written in the interval of then', async t => {
  const place = makePlace()
  const usage = new Usage(() => true, place, 1)
  t.teardown(async () => await usage.close())
  const begin = performance.now()
  await until(() => performance.now() - begin > 2)
  usage.count(A)
  await until(() => place.batches.length === 1)
  t.same(countsOf(place.stored), { [A]: 1 })
})

t.test('closing writes what is left, and a store that is opened again goes on', async t => {
  const { usage, place, lines } = makeUsage(t)
  usage.count(A)
  await usage.close()
  t.same(countsOf(place.stored), { [A]: 1 })
  usage.count(A)
  usage.open()
  usage.count(A)
  await usage.close()
  t.same(countsOf(place.stored), { [A]: 3 })
  t.same(lines, [])
})

t.test('what is left over as a store is opened again is written in its time', async t => {
  for (const failing of [false, true]) {
    const place = makePlace()
    const usage = new Usage(() => true, place, 1)
    t.teardown(async () => await usage.close())
    usage.open()
    if (failing) place.fail = () => { throw new Error('full') }
    if (failing) usage.count(A)
    await usage.close()
    place.fail = undefined
    if (!failing) usage.count(A)
    t.same(place.batches, [])
    usage.open()
    await until(() => place.batches.length === 1)
    t.same(countsOf(place.stored), { [A]: 1 })
  }
})

t.test('closing does not wait for a place that hangs, and says so', async t => {
  shortenTimers(t, 2000)
  const { usage, place, lines } = makeUsage(t)
  let end = (): void => {}
  t.intercept(place, 'add', { value: async () => await new Promise<void>(resolve => { end = resolve }) })
  usage.count(A)
  await usage.close()
  t.match(lines, [{ level: 'warn', fields: /perhaps not written/ }])
  end()
})

t.test('an interval is a number of milliseconds that a timer takes', async t => {
  for (const ms of [0, NaN, -1, Infinity, 2 ** 31, '5']) {
    t.throws(() => new Usage(() => true, undefined, ms as number), { code: 'FST_DBGPT_AUTH_OPTION', message: /"usageIntervalMs"/ }, String(ms))
  }
  t.doesNotThrow(() => new Usage(() => true, undefined, 1))
})
