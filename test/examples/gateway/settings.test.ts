import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { readerOf } from '../../../examples/gateway/answer.ts'
import { readSettings, trustProxyOf } from '../../../examples/gateway/settings.ts'
import { MARKER, rejection } from '../../support/app.ts'

const SECRET = 'a secret of more than 32 characters for the tests'

t.test('settings have defaults, and a blank variable is an unset one', async t => {
  const defaults = {
    HOST: '127.0.0.1', PORT: 3000, DBGPT_URL: '', DBGPT_API_KEY: '', SESSION_SECRET: '', TRUST_PROXY: '', API_KEYS_REDIS_URL: '', NODE_ENV: ''
  }
  t.same(await readSettings({}), defaults)
  t.same(await readSettings(Object.fromEntries(Object.keys(defaults).map(name => [name, ' ']))), defaults)
  t.match(await readSettings({ PORT: '0', DBGPT_URL: 'https://dbgpt:5670/', SESSION_SECRET: SECRET }), { PORT: 0, SESSION_SECRET: SECRET })
})

t.test('a wrong setting is refused by name, and not shown', async t => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['PORT', '65536', /^PORT must be a number from 0 to 65535$/],
    ['PORT', MARKER, /^PORT must be/],
    ['DBGPT_URL', `ftp://${MARKER}`, /^DBGPT_URL must be a URL without a path/],
    ['DBGPT_URL', `http://user:${MARKER}@host`, /^DBGPT_URL must be/],
    ['DBGPT_URL', 'http://host/path', /^DBGPT_URL must be/],
    ['DBGPT_API_KEY', `${MARKER} x`, /^DBGPT_API_KEY must be a key without blanks$/],
    ['SESSION_SECRET', MARKER, /^SESSION_SECRET must be at least 32 characters$/],
    ['TRUST_PROXY', 'example.com', /^TRUST_PROXY must be true, a number of proxies/]
  ]
  for (const [name, value, message] of cases) {
    const error = await rejection(readSettings({ [name]: value }))
    t.match(error.message, message, `${name}=${value}`)
    t.notOk(error.message.includes(MARKER), `${name}=${value}`)
  }
})

t.test('TRUST_PROXY says whose word is taken', async t => {
  for (const off of ['', 'false']) t.equal(trustProxyOf(off), false, `"${off}"`)
  t.equal(trustProxyOf('true'), true)
  t.same(trustProxyOf('127.0.0.1, 10.0.0.0/8'), ['127.0.0.1', '10.0.0.0/8'])
  const hops = trustProxyOf('2') as (address: string, hop: number) => boolean
  t.same([0, 1, 2, 3].map(hop => hops('', hop)), [true, true, false, false])
})

t.test('who reads an answer is told by the path, and by what browsers say of themselves', async t => {
  const cases: readonly (readonly [string, string, Record<string, string>, string])[] = [
    ['GET', '/flows', { accept: 'text/html,*/*' }, 'person'],
    ['GET', '/flows', { 'sec-fetch-mode': 'navigate' }, 'person'],
    ['GET', '/flows', { 'sec-fetch-mode': 'cors', accept: 'text/html' }, 'dbgpt'],
    ['POST', '/flows', { accept: 'text/html' }, 'openai'],
    ['GET', '/api/v1/chat/db/list', {}, 'dbgpt'],
    ['POST', '/knowledge/space/list', { 'sec-fetch-mode': 'cors' }, 'dbgpt'],
    ['POST', '/knowledge/space/list', { referer: 'http://10.0.0.1/knowledge' }, 'dbgpt'],
    ['POST', '/knowledge/space/list', {}, 'openai'],
    ['POST', '/v1/chat/completions', { referer: 'http://10.0.0.1/' }, 'openai']
  ]
  for (const [method, url, headers, reader] of cases) {
    t.equal(readerOf({ method, url, headers } as unknown as FastifyRequest), reader, `${method} ${url} ${JSON.stringify(headers)}`)
  }
})
