import t from 'tap'
import { buildGateway } from '../lib/app.ts'
import { keepLog } from '../../test/support/log-lines.ts'
import { SETTINGS } from './support/gateway.ts'

t.test('a fault of the gateway\'s own is logged, and not shown', async t => {
  const { lines, logger } = keepLog()
  const auth = { mode: 'off', env: {}, logLevel: 'silent' } as const
  const app = await buildGateway({ settings: SETTINGS, upstream: 'http://127.0.0.1:1', auth, logger })
  t.teardown(async () => await app.close())
  app.get('/broken', async () => { throw new Error('the cause') })
  for (const [accept, type, body] of [
    ['text/html', 'text/html; charset=utf-8', /Something went wrong[^]*500 <bdi>internal_error</],
    ['*/*', 'application/json', /^{"error":{"message":"The gateway has failed","type":"server_error","param":null,"code":"internal_error"}}$/]
  ] as const) {
    const answer = await app.inject({ url: '/broken', headers: { accept } })
    t.match(answer, { statusCode: 500, headers: { 'content-type': type, 'cache-control': 'no-store' }, body }, accept)
    t.notMatch(answer.body, 'the cause', accept)
  }
  t.match(lines.filter(({ level }) => level >= 50), [
    { msg: 'The gateway has failed', err: { message: 'the cause' } }, { msg: 'The gateway has failed', err: { message: 'the cause' } }
  ])
})
