import { Counter, Registry } from 'prom-client'
import t from 'tap'
import { buildAnswers } from '../../lib/guard/answer.ts'
import { createApiKey } from '../../lib/index.ts'
import { Requests } from '../../lib/metrics/requests.ts'
import type { ApiKey, ApiKeyEvent, RejectionReason } from '../../lib/types.ts'
import { KEY, OTHER_KEY, WRONG_KEY } from '../support/app.ts'

const A = createApiKey({ key: KEY, name: 'billing' })
const B = createApiKey(OTHER_KEY)
const C = createApiKey(WRONG_KEY)

interface Counted {
  readonly requests: Requests
  readonly counter: Counter
  readonly count: (apiKey: ApiKey | null, reason?: RejectionReason) => void
  /** What the counter has, as text, but what is 0. */
  readonly values: () => Promise<Record<string, number>>
}

function counted (maxKeys: number): Counted {
  const requests = new Requests(maxKeys)
  const counter = new Counter({ name: 'x', help: 'x', labelNames: requests.labelNames, registers: [new Registry()] })
  return {
    requests,
    counter,
    count: (apiKey, reason) => { requests.count({ apiKey, reason: reason ?? null } as ApiKeyEvent) },
    values: async () => {
      requests.flush(counter)
      const { values } = await counter.get()
      const counted = values.filter(({ value }) => value > 0)
      return Object.fromEntries(counted.map(({ labels, value }) => [Object.values(labels).join(), value]))
    }
  }
}

t.test('each result and reason is there from the start', async t => {
  const { requests, counter } = counted(0)
  t.same(requests.labelNames, ['result', 'reason'])
  requests.flush(counter)
  const { values } = await counter.get()
  const reasons = values.map(({ labels }) => String(labels.reason))
  t.same(reasons, ['', ...Object.keys(buildAnswers('', ''))])
  for (const reason of ['missing', 'malformed', 'unknown', 'expired', 'unavailable']) t.ok(reasons.includes(reason), reason)
  for (const { labels, value } of values) {
    t.same([Object.keys(labels), value, labels.result], [['result', 'reason'], 0, labels.reason === '' ? 'accepted' : 'rejected'])
  }
})

t.test('requests are handed over once, and what the counter has is kept', async t => {
  const { count, values, counter } = counted(0)
  count(A)
  count(null, 'missing')
  t.same(await values(), { 'accepted,': 1, 'rejected,missing': 1 })
  count(B)
  count(A, 'expired')
  t.same(await values(), { 'accepted,': 2, 'rejected,missing': 1, 'rejected,expired': 1 })
  t.same(await values(), { 'accepted,': 2, 'rejected,missing': 1, 'rejected,expired': 1 })
  counter.reset()
  t.same(await values(), {})
})

t.test('by key, so many have series of their own, and the others share one', async t => {
  const { requests, count, values } = counted(2)
  t.same(requests.labelNames, ['result', 'reason', 'key', 'name'])
  for (const key of [A, B, C, C, A]) count(key)
  count(B, 'expired')
  count(C, 'expired')
  count(null, 'unknown')
  t.same(await values(), {
    [`accepted,,${A.id},billing`]: 2,
    [`accepted,,${B.id},`]: 1,
    [`rejected,expired,${B.id},`]: 1,
    'accepted,,other,': 2,
    'rejected,expired,other,': 1,
    'rejected,unknown,,': 1
  })
})

t.test('a key that is revoked is taken out, and makes room for another', async t => {
  const { requests, counter, count, values } = counted(1)
  for (const key of [A, B]) count(key)
  t.same(await values(), { [`accepted,,${A.id},billing`]: 1, 'accepted,,other,': 1 })
  count(A, 'expired')
  requests.follow({ changed: [], revoked: [A, B] }, counter)
  t.same(await values(), { 'accepted,,other,': 1 })
  for (const key of [B, A]) count(key)
  t.same(await values(), { [`accepted,,${B.id},`]: 1, 'accepted,,other,': 2 })
})

t.test('a key that is renamed goes on under its new name, and one that is changed otherwise as it was', async t => {
  const { requests, counter, count, values } = counted(5)
  for (const key of [A, B]) count(key)
  await values()
  const follow = (changed: readonly ApiKey[]): void => { requests.follow({ changed, revoked: [] }, counter) }
  follow([{ ...A, expiresAt: new Date(2e12) }, { ...B, metadata: {} }, C])
  t.same(await values(), { [`accepted,,${A.id},billing`]: 1, [`accepted,,${B.id},`]: 1 })
  const [renamed, named] = [{ ...A, name: undefined }, { ...B, name: 'web' }]
  follow([renamed, named])
  for (const key of [renamed, named]) count(key)
  t.same(await values(), { [`accepted,,${A.id},`]: 1, [`accepted,,${B.id},web`]: 1 })
})
