import t from 'tap'
import { isLikeUrl } from '../../lib/config/like-a-url.ts'

t.test('what begins like a URL or a host and its port is told from the path of a file', async t => {
  for (const text of ['redis://host', 'rediss://u:p@host:6379/0', 'redis:host', 'http://host', 'ab://', 'host:6379', ':6379', 'keys:v1.json', 'user:p/w@host']) {
    t.equal(isLikeUrl(text), true, text)
  }
  for (const text of ['keys.json', '/run/secrets/keys', './keys:v1.json', 'a/b:c.json', 'C:\\keys.json', 'c:keys.json', 'd:/keys:v1.json', '\\\\server\\share\\keys:v1', '']) {
    t.equal(isLikeUrl(text), false, text)
  }
})
