import t from 'tap'
import { listToKeyFile } from '../../../lib/cli/call/listed.ts'
import { MARKER } from '../../support/app.ts'
import { shown } from '../../support/shown.ts'

t.test('an array of records becomes a key file, without how the keys are doing', async t => {
  t.equal(listToKeyFile('[]\n', 'it'), '{"keys":[]}')
  t.equal(listToKeyFile('\n[ {"digest":"a","status":"old"},\r\n{"name":"status"} ]', 'it'), '{"keys":[{"digest":"a"},{"name":"status"}]}')
  t.equal(listToKeyFile('[{"digest":"a","uses":2,"lastUsedAt":"x"}]', 'it'), '{"keys":[{"digest":"a"}]}')
  t.equal(listToKeyFile('[{"__proto__":1},null,7,"x",["status"]]', 'it'), '{"keys":[{"__proto__":1},null,7,"x",["status"]]}')
})

t.test('any other text is left as it is', async t => {
  for (const text of ['', 'a,b', '{"keys":[]}', '["a"]', '[a]', '"a"']) t.equal(listToKeyFile(text, 'it'), text, shown(text))
})

t.test('an array that is cut short is refused, without a word of it', async t => {
  for (const text of [`[{"name":"${MARKER}"`, `[{${MARKER}}]`, `[{}]${MARKER}`]) {
    const error = t.throws(() => listToKeyFile(text, 'standard input'), { code: 'FST_DBGPT_AUTH_KEY_FILE_INVALID' }, shown(text)) as Error
    t.equal(error.message, 'standard input: it is not valid JSON, is it cut short?')
  }
})
