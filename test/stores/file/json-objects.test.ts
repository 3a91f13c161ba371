import fc from 'fast-check'
import t from 'tap'
import { cutObjects, invalidLine } from '../../../lib/stores/file/json-objects.ts'

t.test('for any objects, in any layout, each is cut out with the line it begins at', async () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 })
  fc.assert(fc.property(fc.array(object), fc.constantFrom(undefined, 1, '\t'), (keys, space) => {
    const text = JSON.stringify({ keys }, null, space)
    const cut = [...cutObjects(text, 'keys')]
    const lines = text.split('\n')
    return JSON.stringify(cut.map(({ json }) => JSON.parse(json))) === JSON.stringify(keys) &&
      cut.every(({ json, line }) => lines[line - 1]?.includes(json.split('\n')[0] as string))
  }), { numRuns: 1000 })
})

t.test('a fault is named by its line and file', async t => {
  t.match(invalidLine(3, 'keys', 'it is cut short'), {
    code: 'FST_DBGPT_AUTH_KEY_FILE_INVALID', message: 'Line 3 of keys: it is cut short'
  })
})
