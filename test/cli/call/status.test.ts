import t from 'tap'
import { withStatus } from '../../../lib/cli/call/status.ts'
import { createApiKey } from '../../../lib/index.ts'
import { KEY } from '../../support/app.ts'

const NOW = 86_400_000_000

t.test('programs are shown the record and how it is doing', async t => {
  t.same(withStatus(createApiKey(KEY), NOW), { ...createApiKey(KEY), status: 'good' })
  const lastUsedAt = new Date(NOW)
  t.same(withStatus(createApiKey(KEY), NOW, { count: 3, lastUsedAt }), { ...createApiKey(KEY), status: 'good', lastUsedAt, uses: 3 })
})
