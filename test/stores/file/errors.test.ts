import t from 'tap'
import * as errors from '../../../lib/stores/file/errors.ts'

t.test('every error is exported under its code', async t => {
  for (const [name, AnyError] of Object.entries(errors)) {
    t.match(new AnyError(), { code: name }, name)
    t.match(name, /^FST_DBGPT_AUTH_(KEY_FILE_[A-Z]+|USAGE_FILE)$/, name)
  }
})
