import t from 'tap'
import { placeOf } from '../../lib/users/places.ts'

t.test('a route is known however its path is written', async t => {
  for (const path of [
    '/api/v1/chat/dialogue/list', '/api/v1/chat/dialogue/list/', '/api/v1/chat/dialogue/list//', '/api/v1/chat/dialogue/%6cist', '/API/v1/chat/dialogue/list',
    '/api%2Fv1/chat%2fdialogue/list', '/api/v1/./chat/dialogue/list', '/api/v1/x/../chat/dialogue/list', '/api/v1/x/%2e%2E/chat/dialogue/list',
    '/api/v1\\chat/dialogue/list', '/api/v1/chat/dialogue/list#x', '/api/v2/serve/conversation/list'
  ]) t.match(placeOf(path), { query: ['user_name'] }, path)
})

t.test('another route is left alone', async t => {
  for (const path of [
    '/', '/chat/', '/v1/chat/completions', '/api/v1/resource/file/upload', '/api/v2/serve/awel/flow/import', '/api/v2/serve/file/files/bucket',
    '/api/v1/knowledge/space/document/upload', '/api/v1/agent/files', '/api/v2/serve/datasources', '/x/api/v2/chat/completions', '/%', '/%zz', '/\xff',
    '/api/v2/chat/completions/x', '/api/v2/chat/%2563ompletions'
  ]) t.equal(placeOf(path).body, undefined, path)
})
