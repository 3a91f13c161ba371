import t from 'tap'
import { createApiKey } from '../../lib/index.ts'
import { MALFORMED, MISSING, Rejection, UNKNOWN } from '../../lib/guard/rejection.ts'
import { KEY } from '../support/app.ts'

t.test('a rejection says why, and whose key it was where that is known', async t => {
  const apiKey = createApiKey(KEY)
  t.match(new Rejection('expired', apiKey), { reason: 'expired', apiKey, cause: undefined })
  t.match(new Rejection('unavailable', null, 'down'), { reason: 'unavailable', apiKey: null, cause: 'down' })
  t.same([MISSING, MALFORMED, UNKNOWN].map(({ reason, apiKey }) => [reason, apiKey]),
    [['missing', null], ['malformed', null], ['unknown', null]])
})
