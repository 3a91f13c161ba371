import t from 'tap'
import { KEY } from '../../support/app.ts'
import { logIn } from '../../support/gateway-client.ts'
import { startRecordedGateway } from '../../support/recorder.ts'
import { provoke } from '../../support/socket.ts'

const TRICKS = [
  '//', '//login', '//v1/models', '//evil.example/v1/models', '/..;/v1/models', '/login/..;/v1/models', '/%2e%2e/v1/models', '/..%2fv1/models',
  '/login/../v1/models', '/login/%2e%2e/v1/models', '/login/..%2fv1', '/login/..\\v1', '/\\evil.example/v1', '/\\/evil.example', '/login\\..\\v1',
  '/health/../v1/models', '/health/%2e%2e/v1/models', '/health%2f..%2fv1', '/health/', '/ready//', '/login/', '/login/x', '/LOGIN', '/Health', '/%2flogin',
  '/login%2f', '/login;/v1', '/login;a=b', '/health%00', '/login%20', '/login%0d%0a', '/login.json', '/./login/../v1', '/%2e/login/x', '/v1/%2e%2e/health',
  '/%252e%252e/health', '/.', '/..', '/%zz', '/%c0%ae%c0%ae/', '/%ff', '/login%ff', '/logout', '/static/../../etc/passwd', '/v1/models%3f/login',
  '/v1/models/login', '/api/../login/x', '/*', '/:', '/@evil.example', '/http://evil.example/', '/v1/models?/../login', '/?next=/login', '/#/login', '/x#/../login'
]

t.test('no path leads to DB-GPT without a key', async t => {
  const { port, url, seen } = await startRecordedGateway(t)
  for (const path of TRICKS) {
    for (const method of ['GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']) {
      const answer = await provoke(port, `${method} ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
      t.match(answer, /^HTTP\/1\.1 (200|303|400|401|404)/, `${method} ${path}`)
      t.notMatch(answer, /secret/, `${method} ${path}`)
    }
    const page = await provoke(port, `GET ${path} HTTP/1.1\r\nhost: a\r\naccept: text/html\r\nconnection: close\r\n\r\n`)
    const location = /^location: (.*)\r$/m.exec(page)?.[1]
    if (location !== undefined) t.match(location, /^\/(login\?next=[\w.%!~*'()-]+)?$/, path)
  }
  for (const target of [
    `${url}/v1/models`, 'http://evil.example/v1/models', 'http://a/login/../v1/models', 'http://a@evil.example/v1', 'HTTP://a/v1/models', 'https://a/v1',
    'ftp://a/v1/models', '*', 'a:443', 'v1/models', '?', 'http:/v1/models', 'http:///v1/models', 'http://'
  ]) {
    for (const method of ['GET', 'OPTIONS', 'POST', 'CONNECT']) {
      const answer = await provoke(port, `${method} ${target} HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
      t.match(answer, /^(HTTP\/1\.1 4\d\d|$)/, `${method} ${target}`)
    }
  }
  for (const path of TRICKS) {
    const answer = await provoke(port, [
      `GET ${path} HTTP/1.1`, 'host: a', 'connection: Upgrade', 'upgrade: websocket', 'sec-websocket-version: 13',
      'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==', '', ''
    ].join('\r\n'))
    t.notMatch(answer, /^HTTP\/1\.1 (101|5)/, path)
  }
  t.same(seen, [])
})

t.test('no path leads anywhere else but to DB-GPT, or to another path of it than was asked for', async t => {
  const { port, url, seen } = await startRecordedGateway(t)
  const head = `host: a\r\nauthorization: Bearer ${KEY}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`
  for (const target of [...TRICKS, `${url}/v1/models`, 'http://evil.example/v1/models', '*', 'v1/models']) {
    for (const method of ['GET', 'POST']) {
      seen.length = 0
      const answer = await provoke(port, `${method} ${target} HTTP/1.1\r\n${head}`)
      t.match(answer, /^HTTP\/1\.1 [234]/, `${method} ${target}`)
      for (const { url } of seen) t.notMatch(url.split('?')[0], /\/(\.|%2e){2}(\/|%2f|%5c|$)|^\/\/|\\/i, `${target} became ${url}`)
    }
  }
})

t.test('the forms of an absolute target fail nobody', async t => {
  const { port, url, seen } = await startRecordedGateway(t)
  const cookie = await logIn(url)
  for (const bytes of [
    `POST ${url}/login HTTP/1.1\r\nhost: a\r\norigin: http://a\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: ${4 + KEY.length}\r\nconnection: close\r\n\r\nkey=${KEY}`,
    `POST ${url}/logout HTTP/1.1\r\nhost: a\r\norigin: http://a\r\ncookie: ${cookie}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
    `GET ${url}/v1/models HTTP/1.1\r\nhost: a\r\ncookie: ${cookie}\r\nconnection: close\r\n\r\n`
  ]) t.match(await provoke(port, bytes), /^HTTP\/1\.1 [234]/, bytes.slice(0, bytes.indexOf(' HTTP')))
  t.same(seen, [])
})
