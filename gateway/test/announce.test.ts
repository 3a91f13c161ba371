import t from 'tap'
import { announce } from '../lib/announce.ts'
import { SETTINGS } from './support/gateway.ts'

const URL = 'http://127.0.0.1:3000'

t.test('who listens on every address is told so', async t => {
  for (const HOST of ['0.0.0.0', '::']) {
    t.match(announce(URL, { ...SETTINGS, HOST }, true), `Listening on ${URL}, and on every other address of this machine\n`, HOST)
  }
  t.match(announce(URL, SETTINGS, true), `Listening on ${URL}\n`)
})

t.test('without keys, it says how to try them in the way that it was started', async t => {
  const { npm_lifecycle_event: former } = process.env
  t.teardown(() => {
    delete process.env.npm_lifecycle_event
    if (former !== undefined) process.env.npm_lifecycle_event = former
  })
  for (const [event, start, auth] of [
    ['start', 'npm start', 'npx dbgpt-auth'], ['exec', 'npx dbgpt-gateway', 'npx -p dbgpt-gateway dbgpt-auth']
  ] as const) {
    process.env.npm_lifecycle_event = event
    t.match(announce(URL, SETTINGS, false), `=$(${auth} generate --quiet); echo $API_KEY; API_KEYS=$API_KEY ${start}\n`, event)
    t.notMatch(announce(URL, SETTINGS, true), start, event)
  }
})
