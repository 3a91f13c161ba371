import t from 'tap'
import { parseName, textOption, UsageError } from '../../../lib/cli/call/options.ts'
import type { Call } from '../../../lib/cli/call/types.ts'
import { MARKER } from '../../support/app.ts'

t.test('a name keeps the rule of the record, which is told where it does not', async t => {
  for (const name of ['a', '计费', 'a b', 'x'.repeat(200), 'a\u202eb']) t.equal(parseName(name, '--name'), name, encodeURI(name))
  for (const name of ['', `${MARKER}${'x'.repeat(200)}`, 'a\nb', '\x1b[31m', 'a\u2028b', 'a\x85']) {
    const error = t.throws(() => parseName(name, '--name'), { message: '--name is 1 to 200 characters without control characters' }, encodeURI(name))
    t.ok(error instanceof UsageError, encodeURI(name))
  }
})

t.test('an option that was not given has no value', async t => {
  t.equal(textOption({ values: { name: 'x' } } as unknown as Call, 'name'), 'x')
  t.equal(textOption({ values: {} } as unknown as Call, 'name'), undefined)
})
