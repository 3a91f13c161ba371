import fc from 'fast-check'
import t from 'tap'
import { isPublic } from '../../../lib/doctor/client/address.ts'
import { buildShow, decoded } from '../../../lib/doctor/client/secrets.ts'
import { examineClient } from '../../../lib/doctor/client/examine.ts'
import { CLIENT_TEXTS } from '../../../lib/doctor/client/texts.ts'
import { describe } from '../../../lib/doctor/finding.ts'
import { startWatched } from '../../support/examine-url.ts'

/** How a server may send back what it was sent. */
const ECHOES: readonly ((key: string) => string)[] = [
  key => key, key => key.toUpperCase(), key => key.toLowerCase(), key => Buffer.from(key).toString('base64'), key => encodeURIComponent(key),
  key => Buffer.from(`Bearer ${key}`).toString('base64'), key => Buffer.from(key).toString('hex'), key => key.slice(3, 15), key => `x${key.slice(-10)}`,
  key => [...key].reverse().join(''), key => [...Buffer.from(key)].map(each => `%${each.toString(16).padStart(2, '0')}`).join('')
]
const KEYS = fc.oneof(
  fc.string({ minLength: 12, maxLength: 60, unit: fc.constantFrom(...'ABCDEFGHJKabcdefghjk0123456789_-+/=.~"%&;') }),
  fc.string({ minLength: 12, maxLength: 40, unit: 'binary-ascii' }),
  fc.string({ minLength: 8, maxLength: 40, unit: 'binary' })
)

/** As it goes over a wire. */
function wellFormed (text: string): string {
  return Buffer.from(text).toString()
}

t.test('nothing of a key or a password is told, whatever a server makes of it', async t => {
  let echo = (): string => ''
  let status = 401
  const { url, seen } = await startWatched(t, (_request, response) => {
    const text = echo()
    const safe = text.replace(/[^\x20-\x7e]/g, '').replaceAll('"', '')
    const location = status === 302 ? { location: `http://${safe.replace(/[^\w-]/g, '') || 'x'}.example/${encodeURIComponent(safe)}` } : {}
    response.writeHead(status, {
      ...location,
      'content-type': 'application/json',
      server: safe,
      age: '1',
      'retry-after': safe,
      'access-control-allow-origin': safe,
      'www-authenticate': `Bearer realm="${safe}", error="insufficient_scope", error_description="${safe}", scope="${safe}"`
    }).end(JSON.stringify({ error: { message: text, type: text, code: text }, detail: text }))
  })
  const runs = fc.asyncProperty(
    KEYS, fc.string({ minLength: 8, unit: fc.constantFrom(...'abcdefXYZ0123456789-_.!') }), fc.constantFrom(...ECHOES),
    fc.constantFrom(401, 403, 302, 200, 429, 404, 503), fc.constantFrom('', ' ', '"', 'Bearer ', 'KEY='), fc.boolean(),
    async (key, password, make, answer, prefix, isOfPassword) => {
      status = answer
      echo = () => make(isOfPassword ? password : key)
      seen.length = 0
      const env = { http_proxy: `http://user:${encodeURIComponent(password)}@127.0.0.1:1` }
      const asked = `${url}/v1/models?token=${encodeURIComponent(wellFormed(key))}`
      const found = await examineClient({ url: asked, key: prefix + key, env, timeoutMs: 2000, origin: 'https://page.example' })
      if (seen.length > 15) throw new Error(`${seen.length} requests`)
      for (const each of found) {
        for (const language of ['en', 'zh'] as const) {
          const { message, fix } = describe(each, CLIENT_TEXTS, language)
          const told = `${message} ${fix} ${JSON.stringify(each.params)}`.toLowerCase()
          for (const secret of [key, password]) {
            const spellings = ECHOES.map(spell => spell(wellFormed(secret)).toLowerCase())
            const leaked = spellings.find(text => text.trim().length >= 8 && told.includes(text))
            if (leaked !== undefined) throw new Error(`${each.code} tells ${leaked}`)
          }
        }
      }
    }
  )
  await fc.assert(runs, { numRuns: 150 })
})

t.test('text of others is shown where it has nothing of a secret', async t => {
  const show = buildShow(['correct-horse', 'abc', ''])
  for (const text of ['billing:read', 'https://other.example', '']) t.equal(show(text), text)
  for (const text of ['correct-horse', 'a CORRECT b', 'esroh-tcerroc', 'xabcx', 'é', 'x'.repeat(201), Buffer.from('xcorrect-horse').toString('base64')]) {
    t.equal(show(text), '…', text)
  }
  t.equal(decoded('a%20b'), 'a b')
  t.equal(decoded('%'), '%')
})

t.test('addresses of the Internet are told from those nearby', async t => {
  for (const address of ['203.0.113.9', '8.8.8.8', '2001:db8::1', '::ffff:8.8.8.8']) t.ok(isPublic(address), address)
  for (const address of ['127.0.0.1', '10.1.2.3', '172.20.0.1', '192.168.1.1', '100.100.0.1', '::1', 'fd00::1', 'fe80::1', '::ffff:10.0.0.1', '', 'host']) {
    t.notOk(isPublic(address), address)
  }
})
