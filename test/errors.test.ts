import t from 'tap'
import * as errors from '../lib/errors.ts'
import { shown } from './support/shown.ts'

t.test('every error is exported under its code', async t => {
  for (const [name, AnyError] of Object.entries(errors)) {
    const error = new AnyError()
    t.equal(error.code, name, shown(name))
    t.match(name, /^FST_DBGPT_AUTH_[A-Z_]+$/, shown(name))
    t.ok(error instanceof Error, shown(name))
  }
})

t.test('only three answer a request with a status of their own', async t => {
  const statuses = Object.values(errors).map(AnyError => (new AnyError()).statusCode).filter(status => status !== 500)
  t.same(new Set(statuses), new Set([401, 403, 503]))
})
