import t from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import { BODY_401, KEY, OTHER_KEY, WRONG_KEY } from '../../support/app.ts'
import { testRecipes } from '../../support/recipes.ts'

await testRecipes(t, 'Watching and answering', {
  'Usage per key': async (t, start) => {
    const { say } = await start()
    await say('/usage', OTHER_KEY)
    await say('/usage', WRONG_KEY)
    t.equal(await say('/usage', KEY), `200 {"${createApiKey(OTHER_KEY).id}":1,"${createApiKey(KEY).id}":1}`)
  },
  'Metrics for Prometheus': async (t, start) => {
    const { say } = await start()
    t.equal(await say('/', KEY), '200 ok')
    t.equal(await say('/metrics'), `401 ${BODY_401}`)
    const samples = (await say('/metrics', KEY)).split('\n')
    for (const sample of [
      `dbgpt_auth_requests_total{result="accepted",reason="",key="${createApiKey(KEY).id}",name=""} 2`,
      'dbgpt_auth_requests_total{result="rejected",reason="missing",key="",name=""} 1',
      'dbgpt_auth_keys 2', 'dbgpt_auth_store_up 1', 'dbgpt_auth_store_last_confirmed_seconds 0'
    ]) t.ok(samples.includes(sample), sample)
  },
  'The key in every log line': async (t, start) => {
    const { say, says } = await start()
    t.equal(await say('/', KEY), '200 ok')
    t.equal(await says(/"reqId":"req-1",.*"keyId":"(\w+)",.*"msg":"request completed"/), createApiKey(KEY).id)
    t.equal(await say('/'), `401 ${BODY_401}`)
    t.notMatch(await says(/"reqId":"req-2",.*"msg":"request completed"/), /keyId/)
  },
  'The key on a trace': async (t, start) => {
    const { say, says } = await start()
    t.equal(await say('/', WRONG_KEY), `401 ${BODY_401}`)
    t.equal(await say('/', KEY), '200 ok')
    await says(/name: 'onRequest - checkApiKey'/)
    t.equal(await says(/name: 'request',[^}]*'dbgpt_auth\.key\.id': '(\w+)'/), createApiKey(KEY).id)
  },
  'A message that helps, for those who may know': async (t, start) => {
    const { say } = await start()
    t.match(await say('/v1/models'), /^401 \{"error":\{"message":"Send Authorization: Bearer <key>; keys: https:/)
    t.match(await say('/'), /^401 \{"success":false,.*'message': 'Send Authorization/)
    t.equal(await say('/v1/models', KEY), '200 []')
  }
})
