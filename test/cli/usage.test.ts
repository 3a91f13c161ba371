import t from 'tap'
import { type Call, textOption, UsageError } from '../../lib/cli/usage.ts'

t.test('an option that was not given is undefined', async t => {
  const call = { values: { name: 'billing' } } as unknown as Call
  t.equal(textOption(call, 'name'), 'billing')
  t.equal(textOption(call, 'store'), undefined)
})

t.test('wrong usage is told apart from other errors', async t => {
  t.ok(new UsageError('x') instanceof Error)
})
