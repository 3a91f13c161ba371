import t from 'tap'
import { select } from '../../../lib/cli/call/select.ts'
import { createApiKey } from '../../../lib/index.ts'
import { KEY, MARKER, OTHER_KEY } from '../../support/app.ts'
import { shown } from '../../support/shown.ts'

const a = createApiKey({ key: KEY, name: 'billing' })
const b = createApiKey({ key: OTHER_KEY, name: 'billing' })
const named = createApiKey({ key: `${KEY}1`, name: a.id })

t.test('an id picks one key, a name all that have it', async t => {
  t.same(select([a, b], a.id), [a])
  t.same(select([a, b], 'billing'), [a, b])
  t.same(select([named, a, b], a.id), [a], 'an id goes before a name')
  t.same(select([named], a.id), [named])
})

t.test('nothing to pick is an error that does not say what was asked for', async t => {
  for (const asked of ['bill', '', KEY, a.digest]) {
    t.throws(() => select([a, b], asked), { message: new RegExp(`^no key has this id or name(?!.*${MARKER})`) }, shown(asked))
  }
})
