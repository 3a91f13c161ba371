import t from 'tap'
import { createApiKey } from '../../lib/index.ts'
import { statusOf } from '../../lib/keys/status.ts'
import { KEY } from '../support/app.ts'

const DAY = 86_400_000
const NOW = 1000 * DAY

t.test('a key is good until it is more than 90 days old, or has expired', async t => {
  const status = (age: number | undefined, left?: number): string => statusOf(createApiKey({
    key: KEY,
    createdAt: age === undefined ? undefined : new Date(NOW - age),
    expiresAt: left === undefined ? undefined : new Date(NOW + left)
  }), NOW)
  t.equal(status(undefined), 'good')
  t.equal(status(90 * DAY), 'good')
  t.equal(status(90 * DAY + 1), 'old')
  t.equal(status(100 * DAY, 1), 'old')
  t.equal(status(100 * DAY, 0), 'expired')
  t.equal(status(undefined, -DAY), 'expired')
})
